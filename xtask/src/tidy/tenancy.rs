//! Statements about every tenant's rows, which no policy of the database holds back.

use super::{Tree, Violation};
use crate::workspace::Workspace;

/// Every one of them: its file, and why, as it says there. Whoever adds one shows here that nobody else's rows get to a
/// caller by it.
const ACROSS_TENANTS: [(&str, &str); 64] = [
    ("shared/authorization/src/code/consent.rs", "a session in one organisation grants what is another's"),
    ("shared/authorization/src/code/store.rs", "a code leads to its tenant"),
    ("shared/authorization/src/code/store.rs", "a user is forgotten in every organisation: codes"),
    ("shared/authorization/src/code/store.rs", "a user's sign-in ends in every organisation: codes"),
    ("shared/authorization/src/device/decide.rs", "with the step before it"),
    ("shared/authorization/src/device/decide.rs", "with the steps after it"),
    ("shared/authorization/src/device/store.rs", "a decision gives a device its tenant"),
    ("shared/authorization/src/device/store.rs", "a device asks before it has a tenant"),
    ("shared/authorization/src/device/store.rs", "a device asks too often before it has a tenant"),
    ("shared/authorization/src/device/store.rs", "a device begins before it has a tenant"),
    ("shared/authorization/src/device/store.rs", "a device that begins has no tenant yet"),
    ("shared/authorization/src/device/store.rs", "a device that nobody connected has no tenant"),
    ("shared/authorization/src/device/store.rs", "a device's code leads to its tenant"),
    ("shared/authorization/src/device/store.rs", "a user is forgotten in every organisation: devices"),
    ("shared/authorization/src/device/store.rs", "a user's sign-in ends in every organisation: devices"),
    ("shared/connections/src/store.rs", "a link leads to its tenant"),
    ("shared/connections/src/store.rs", "a state leads to its tenant"),
    ("shared/connections/src/store.rs", "a user gets what every organisation has of their attempts"),
    ("shared/connections/src/store.rs", "a user gets what every organisation has of theirs"),
    ("shared/connections/src/store.rs", "a user goes from every organisation at once"),
    ("shared/connections/src/store.rs", "a user is forgotten in every organisation: accounts"),
    ("shared/connections/src/store.rs", "a user is forgotten in every organisation: attempts"),
    ("shared/connections/src/store.rs", "a user is forgotten in every organisation: connections"),
    (
        "shared/connections/src/store.rs",
        "what an owner has connected for projects ends in every organisation of theirs",
    ),
    ("shared/connections/src/store.rs", "what was disconnected is cleaned up for every tenant"),
    ("shared/connectors/src/approval.rs", "what is done to a connector stands in the trail of every tenant"),
    ("shared/execution/src/store.rs", "a worker runs the jobs of every tenant"),
    ("shared/execution/src/store.rs", "the queue is every tenant's"),
    ("shared/execution/src/store.rs", "whatever a dead worker left is taken up"),
    ("shared/identity/src/identities/link.rs", "an identity is its user's, in every organisation"),
    ("shared/identity/src/invitations/store.rs", "an invitation's token leads to its tenant"),
    ("shared/identity/src/keys/store.rs", "a key's row says whose it is"),
    ("shared/identity/src/organizations/create.rs", "who makes an organisation belongs to another one"),
    ("shared/identity/src/organizations/store.rs", "a deleted organisation is found by what restores it"),
    ("shared/identity/src/passkeys/register.rs", "a passkey is its user's, in every organisation"),
    ("shared/identity/src/profile/erase.rs", "a user is erased in every organisation at once"),
    ("shared/identity/src/profile/store.rs", "a user gets what every organisation has of them"),
    ("shared/identity/src/profile/store.rs", "a user is forgotten in every organisation: invitations"),
    ("shared/identity/src/profile/store.rs", "a user is forgotten in every organisation: sessions"),
    ("shared/identity/src/profile/store.rs", "a user is forgotten in every organisation: tokens"),
    ("shared/identity/src/profile/store.rs", "whoever leaves leaves every organisation"),
    ("shared/identity/src/sessions/refresh.rs", "with the step before it"),
    ("shared/identity/src/sessions/revoke.rs", "with the step before it"),
    ("shared/identity/src/sessions/store.rs", "a client's token leads to its session"),
    ("shared/identity/src/sessions/store.rs", "a cookie's row says whose it is"),
    ("shared/identity/src/sessions/store.rs", "a refresh token's row says whose it is"),
    ("shared/identity/src/sessions/store.rs", "a user sees their sessions in every organisation"),
    ("shared/identity/src/sessions/store.rs", "a user's other sessions end in every organisation"),
    ("shared/identity/src/sessions/store.rs", "a user's sessions are theirs, whichever organisation they act in"),
    ("shared/identity/src/sessions/sweep.rs", "sessions that ended long ago go in every organisation"),
    ("shared/identity/src/sessions/switch.rs", "a session goes from one organisation to another"),
    ("shared/identity/src/store.rs", "an operator is told which organisations there are"),
    ("shared/identity/src/store.rs", "an operator names the organisation, and belongs to none"),
    ("shared/identity/src/store.rs", "another issuer's token does not say which tenant its user is of"),
    ("shared/identity/src/store.rs", "it is asked before there is a tenant"),
    ("shared/identity/src/store.rs", "the user chooses among them"),
    ("shared/identity/src/store.rs", "what is done to the installation is told to every tenant"),
    ("shared/identity/src/throttle/store.rs", "it is asked before it is known who it is"),
    ("shared/identity/src/trail.rs", "a user's act stands in the trail of each of their organisations"),
    ("shared/identity/src/ways_in.rs", "a user's invitations end in every organisation"),
    ("shared/identity/src/ways_in.rs", "a user's keys end in every organisation"),
    ("shared/identity/src/ways_in.rs", "keys that an owner could have end in every organisation of theirs"),
    ("shared/vault/src/store.rs", "a rotation wraps the secrets of every tenant anew"),
    ("shared/vault/src/store.rs", "how many secrets a key wraps, of all tenants, says whether it can be retired"),
];

/// Put together here, so that this file does not trip over itself.
const CALL: &str = concat!(".across_", "tenants(");

/// A new one is noticed, and so is one that is gone.
pub(super) fn listed(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut violations = Vec::new();
    for file in tree.rust().filter(|file| !is_of_tests(&file.path)) {
        for call in file.shipped().split(CALL).skip(1) {
            match call.trim_start().strip_prefix('"').and_then(|text| text.split_once('"')) {
                Some((why, _)) => found.push((file.path.as_str(), why)),
                None => violations.push(Violation::new(&file.path, "write the reason where the statement is")),
            }
        }
    }
    for (path, why) in &found {
        if !ACROSS_TENANTS.contains(&(*path, *why)) {
            let remedy = format!("is about every tenant ({why:?}): add it to the list in xtask/src/tidy/tenancy.rs");
            violations.push(Violation::new(*path, remedy));
        }
    }
    for known in ACROSS_TENANTS {
        let listed = ACROSS_TENANTS.iter().filter(|listed| **listed == known).count();
        let times = found.iter().filter(|found| **found == known).count();
        if times != listed {
            let remedy = format!("the list has {:?} {listed} times, the code {times} times", known.1);
            violations.push(Violation::new(known.0, remedy));
        }
    }
    violations
}

fn is_of_tests(path: &str) -> bool {
    // The kernel only says what it is.
    let others = ["tests/", "shared/testkit/", "shared/kernel/"];
    others.iter().any(|folder| path.starts_with(folder)) || path.contains("/tests/") || path.ends_with("/tests.rs")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    fn violations(change: impl FnOnce(&mut Vec<(String, String)>)) -> Vec<Violation> {
        let call = |why: &str| format!("sql(\"SELECT 1\"){CALL}\"{why}\");\n");
        let mut files: Vec<(String, String)> = Vec::new();
        for (path, why) in ACROSS_TENANTS {
            match files.iter_mut().find(|(known, _)| known == path) {
                Some((_, text)) => text.push_str(&call(why)),
                None => files.push((path.to_owned(), call(why))),
            }
        }
        change(&mut files);
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        listed(&made_up::workspace(Path::new("/w"), &[]), &Tree::made_up(&files))
    }

    #[test]
    fn what_is_listed_passes_and_tests_may() {
        let test = |path: &str| (path.to_owned(), format!("sql(\"\"){CALL}\"a test\")"));
        let passed = violations(|files| {
            files.push(test("shared/vault/tests/store.rs"));
            files.push((
                "mcp-host/src/lib.rs".to_owned(),
                format!("#[cfg(test)]\nmod tests {{\nsql(\"\"){CALL}\"a test\")"),
            ));
        });
        assert!(passed.is_empty(), "{passed:?}");
    }

    #[test]
    fn a_new_one_one_that_is_gone_and_one_without_a_reason_fail() {
        let new = |why: &str| ("shared/audit/src/store.rs".to_owned(), format!("sql(\"\"){CALL}{why})"));
        assert_eq!(violations(|files| files.push(new("\"no reason\"")))[0].place, "shared/audit/src/store.rs");
        let below = ("shared/audit/src/lib.rs".to_owned(), format!("#[cfg(test)]\nmod tests;\nsql(\"\"){CALL}\"x\")"));
        assert_eq!(violations(|files| files.push(below))[0].place, "shared/audit/src/lib.rs");
        assert_eq!(violations(|files| files.push(new("WHY")))[0].place, "shared/audit/src/store.rs");
        assert_eq!(violations(|files| _ = files.remove(0))[0].place, ACROSS_TENANTS[0].0);
        let twice = violations(|files| {
            let again = files[0].1.lines().next().expect("a call").to_owned();
            files[0].1.push_str(&again);
        });
        assert_eq!(twice.len(), 1);
    }
}
