//! Passkeys, with an authenticator in software, on both databases.

mod authenticator;
mod browser;
mod ceremonies;
mod manage;
mod register;
mod scene;
mod sign_in;
