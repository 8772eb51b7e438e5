//! What a provider's token endpoint says, made into what RFC 6749 has it say.

use bulkhead_connectors::oauth::OauthProvider;
use serde_json::{Map, Value};

/// The member that the account's name is put into.
pub(crate) const ACCOUNT: &str = "bulkhead_account";

/// The characters of a name that are kept.
const MAX_ACCOUNT: usize = 200;

/// Makes a standard answer of what a provider says: its status and its body. A success has `access_token` and `token_type`
/// at the top, scopes with blanks between them; a refusal has the status 400 and one of the standard's codes, where there
/// is one for it.
pub(crate) fn standard(provider: &OauthProvider, status: u16, body: &[u8]) -> Option<(u16, Value)> {
    let said: Value = serde_json::from_slice(body).ok()?;
    if let Some(code) = refusal(provider, status, &said) {
        let code = provider.errors.get(code).map_or(code, String::as_str);
        let mut refusal = Map::new();
        refusal.insert("error".to_owned(), sane_code(code).into());
        return Some((400, Value::Object(refusal)));
    }
    let nested = provider.token_in.as_deref().and_then(|pointer| said.pointer(pointer));
    let tokens = nested.filter(|nested| nested.get("access_token").is_some()).unwrap_or(&said).as_object()?;
    let mut answer = Map::new();
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = tokens.get(name).and_then(Value::as_str).filter(|token| !token.is_empty()) {
            answer.insert(name.to_owned(), token.into());
        }
    }
    // Some call it by what it belongs to; all of them are sent as bearer tokens.
    answer.insert("token_type".to_owned(), "bearer".into());
    if let Some(scopes) = scopes(tokens.get("scope")) {
        answer.insert("scope".to_owned(), scopes.into());
    }
    let lifetime = tokens.get("expires_in").and_then(seconds).or(provider.expires_in);
    // Nothing that was ever given expires at once; some say that of what never does.
    if let Some(lifetime) = lifetime.filter(|lifetime| *lifetime > 0) {
        answer.insert("expires_in".to_owned(), lifetime.into());
    }
    let account = provider.account.as_deref().and_then(|pointer| said.pointer(pointer)).and_then(Value::as_str);
    if let Some(account) = account {
        let shown: String = account.chars().filter(|character| !character.is_control()).take(MAX_ACCOUNT).collect();
        answer.insert(ACCOUNT.to_owned(), shown.into());
    }
    Some((200, Value::Object(answer)))
}

/// The code of a refusal, if it is one.
fn refusal<'a>(provider: &OauthProvider, status: u16, said: &'a Value) -> Option<&'a str> {
    let elsewhere = provider.error_in.as_deref().and_then(|pointer| said.pointer(pointer)).and_then(Value::as_str);
    let code = said.get("error").and_then(Value::as_str);
    let refused = status != 200 || code.is_some() || said.get("ok") == Some(&Value::Bool(false));
    let code = if status == 200 { code } else { elsewhere.or(code) };
    refused.then(|| code.unwrap_or("unknown"))
}

/// A text with blanks or commas, or a list.
fn scopes(said: Option<&Value>) -> Option<String> {
    match said? {
        Value::String(text) => {
            let names: Vec<_> = text.split([' ', ',']).filter(|name| !name.is_empty()).collect();
            Some(names.join(" "))
        }
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

fn seconds(said: &Value) -> Option<u64> {
    said.as_u64().or_else(|| said.as_str()?.parse().ok())
}

/// A code as it may be shown and kept: RFC 6749's characters, and not many.
pub(crate) fn sane_code(code: &str) -> String {
    let sane = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let code: String = code.chars().filter(sane).take(64).collect();
    if code.is_empty() { "unknown".to_owned() } else { code }
}
