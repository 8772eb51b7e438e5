-- Who a user is at another provider, by which they sign in here: the issuer and what that calls them, for ever. `provider` is
-- its name in the configuration when this was linked, `email` the address that it said to be theirs, the last time.
CREATE TABLE identities (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);

-- A browser on its way to a provider and back, by SHA-256 (hex) of the state; `browser_hash` is that of its cookie. `sealed`
-- is what is needed when it comes back, encrypted under a key that is not in the database. `user_id` and `session_id` are there
-- when an identity is to be linked to whoever is signed in.
CREATE TABLE sign_in_attempts (
    state_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    session_id TEXT REFERENCES sessions (id),
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX sign_in_attempts_by_expiry ON sign_in_attempts (expires_at);
CREATE INDEX sign_in_attempts_by_user ON sign_in_attempts (user_id) WHERE user_id IS NOT NULL;
