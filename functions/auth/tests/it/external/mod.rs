//! Signing in at other providers, which are closures here; the scenarios have real ones.

mod answers;
mod discovery;
mod github;
mod identities;
mod scene;
mod sign_in;
