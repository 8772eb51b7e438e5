//! Organisations, users and API keys, and how a credential becomes a Caller.
