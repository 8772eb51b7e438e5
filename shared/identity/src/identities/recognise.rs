//! From who somebody is at a provider to who they are here.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports, Role, entropy};

use super::model::{ExternalPerson, Identity};
use super::store;
use crate::email::EmailAddress;
use crate::mail::{Notice, Notices, tell};
use crate::model::{Membership, Organization, User, UserKind};
use crate::sign_up::Account;
use crate::store as users;
use crate::text;
use crate::trail::{Act, entries};

/// Somebody.
#[derive(Debug)]
pub enum Recognised {
    /// They have an account.
    Known(User),
    /// They get one, which is not written yet: together with the session that it opens, or not at all.
    New(Box<Account>),
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum RecogniseError {
    /// Nobody has this identity, and strangers get no account by this provider.
    #[error(
        "nobody here has this account; sign in as you did before and link it in your profile, or ask an administrator of \
         your organization to invite you"
    )]
    Unknown,
    /// Nobody has this identity, and the provider knows no address that is proven to be theirs.
    #[error("the provider knows no verified e-mail address of yours; verify one there, and try again")]
    NoVerifiedEmail,
    /// There is an account with their address, of which it is not proven that it is theirs.
    #[error(
        "there is an account with your e-mail address which nobody has proven to be theirs; choose a new password for it \
         by mail, which proves it, and then sign in this way again"
    )]
    AddressNotProven,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Finds whose account it is: by the identity, or by an address that both the provider and we have seen to be theirs, and then
/// the identity is linked to it. Whoever has none gets one if `sign_up` says so.
///
/// # Errors
/// [`RecogniseError`].
pub async fn recognise(
    ports: &Ports,
    person: &ExternalPerson,
    sign_up: bool,
    notices: &Notices<'_>,
    correlation: &CorrelationId,
) -> Result<Recognised, RecogniseError> {
    if let Some(user) = known(ports, person).await? {
        return Ok(Recognised::Known(user));
    }
    let refused = if sign_up { RecogniseError::NoVerifiedEmail } else { RecogniseError::Unknown };
    // The first owner's address is of our machine. A provider can have seen only that of its own.
    let email = person.email.as_ref().filter(|email| !email.is_local()).ok_or(refused)?;
    match users::find_user_by_email(ports.sql.as_ref(), email).await? {
        Some(user) if user.email_verified_at.is_some() => {
            link_by_address(ports, person, user, email, notices, correlation).await
        }
        Some(user) => {
            let error = RecogniseError::AddressNotProven;
            let credential = person.credential();
            let reason = "the account's address is not proven";
            let act = Act { action: "identity.link", credential: &credential, refused: Some(reason) };
            ports.sql.batch(entries(ports, user.id, act, correlation).await?).await?;
            Err(error)
        }
        None if sign_up => Ok(Recognised::New(Box::new(account(ports, person, email).await?))),
        None => Err(RecogniseError::Unknown),
    }
}

/// Who has the identity. That they signed in with it is noted.
async fn known(ports: &Ports, person: &ExternalPerson) -> Result<Option<User>, SqlError> {
    let database = ports.sql.as_ref();
    let Some(identity) = store::find(database, &person.issuer, &person.subject).await? else { return Ok(None) };
    database.execute(store::touch(identity.id, person, ports.now())).await?;
    users::find_user(database, identity.user).await
}

async fn link_by_address(
    ports: &Ports,
    person: &ExternalPerson,
    user: User,
    email: &EmailAddress,
    notices: &Notices<'_>,
    correlation: &CorrelationId,
) -> Result<Recognised, RecogniseError> {
    let credential = person.credential();
    let act = Act { action: "identity.link", credential: &credential, refused: None };
    let mut steps = vec![
        store::hold_proven(user.id, email.as_str(), ports.now()),
        store::insert(&new_identity(ports, user.id, person, true)),
    ];
    steps.extend(entries(ports, user.id, act, correlation).await?);
    steps.extend(tell(ports, notices, user.id, Notice::IdentityLinked).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(Recognised::Known(user)),
        // The address has just become another one.
        Err(error) if error.is_unexpected_rows_at(0) => Err(RecogniseError::Unknown),
        // They have come twice at once.
        Err(error @ SqlError::UniqueViolation(_)) => {
            known(ports, person).await?.map(Recognised::Known).ok_or(RecogniseError::Sql(error))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn new_identity(
    ports: &Ports,
    user: bulkhead_kernel::id::UserId,
    person: &ExternalPerson,
    used: bool,
) -> Identity {
    let now = ports.now();
    Identity {
        id: ports.new_id(),
        user,
        provider: person.provider.clone(),
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        email: person.email.as_ref().map(|email| email.as_str().to_owned()),
        created_at: now,
        last_used_at: used.then_some(now),
    }
}

/// A new account, with an organisation of its own and no password.
async fn account(ports: &Ports, person: &ExternalPerson, email: &EmailAddress) -> Result<Account, SqlError> {
    let now = ports.now();
    let name = display_name(person, email);
    let slug = free_slug(ports, person.login.as_deref().unwrap_or(&name)).await?;
    let organization = Organization { id: ports.new_id(), slug, name: name.clone(), created_at: now };
    let user = User {
        id: ports.new_id(),
        kind: UserKind::Person,
        email: Some(email.as_str().to_owned()),
        email_verified_at: Some(now),
        name,
        password_hash: None,
        created_at: now,
    };
    let membership = Membership { organization: organization.id, user: user.id, role: Role::Owner, created_at: now };
    let steps: Vec<Step> = vec![
        users::insert_organization(&organization).into(),
        users::insert_user(&user).into(),
        users::insert_membership(&membership).into(),
        store::insert(&new_identity(ports, user.id, person, true)),
    ];
    Ok(Account { membership, email: email.as_str().to_owned(), steps })
}

/// What they are called: what the provider says, if that can be a name here.
fn display_name(person: &ExternalPerson, email: &EmailAddress) -> String {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let said = [person.name.as_deref(), person.login.as_deref(), Some(local)];
    let sane = |name: &&str| {
        let mut faults = Vec::new();
        text::check_name("", name, &mut faults);
        faults.is_empty()
    };
    said.into_iter().flatten().map(str::trim).find(sane).unwrap_or("New user").to_owned()
}

/// A slug that nothing has, which reads like this.
async fn free_slug(ports: &Ports, like: &str) -> Result<String, SqlError> {
    let slug = slug_of(like);
    if users::find_organization(ports.sql.as_ref(), &slug).await?.is_none() {
        return Ok(slug);
    }
    let suffix = hex::encode(entropy::bytes::<4>(ports.entropy.as_ref()));
    Ok(format!("{slug}-{suffix}"))
}

/// Letters and digits in lower case, and single hyphens between them.
fn slug_of(text: &str) -> String {
    /// Room is left for a suffix.
    const MAX: usize = 40;
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let parts: Vec<_> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let slug: String = parts.join("-").chars().take(MAX).collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "organization".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_reads_like_what_it_is_made_of() {
        for (text, slug) in [
            ("octocat", "octocat"),
            ("Ada Lovelace", "ada-lovelace"),
            ("--a__b--", "a-b"),
            ("Ådå", "d"),
            ("日本", "organization"),
            ("", "organization"),
        ] {
            assert_eq!(slug_of(text), slug, "{text}");
        }
        assert_eq!(slug_of(&"ab-".repeat(30)).len(), 40);
        let mut faults = Vec::new();
        text::check_slug("", &format!("{}-01234567", slug_of(&"abc-".repeat(30))), &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn a_name_is_one_that_may_be_a_name_here() {
        let email: EmailAddress = "ada@example.com".parse().expect("an address");
        let person = |name: Option<&str>, login: Option<&str>| ExternalPerson {
            provider: "p".to_owned(),
            issuer: "i".to_owned(),
            subject: "s".to_owned(),
            email: None,
            name: name.map(str::to_owned),
            login: login.map(str::to_owned),
        };
        for (name, login, expected) in [
            (Some(" Ada "), Some("ada"), "Ada"),
            (Some("a\nb"), Some("octo"), "octo"),
            (Some(""), None, "ada"),
            (None, None, "ada"),
        ] {
            assert_eq!(display_name(&person(name, login), &email), expected);
        }
        assert_eq!(display_name(&person(Some(&"x".repeat(101)), None), &email), "ada");
    }
}
