-- Passkeys (WebAuthn credentials). `credential_id` is what the authenticator calls it, in base64url; `public_key` and `state` are
-- as the crate webauthn_rp writes them; `sign_count` is the counter that is in `state`, for the statement that moves it on.
-- `transports` is a set of bits.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    credential_id TEXT NOT NULL UNIQUE,
    public_key BYTEA NOT NULL,
    state BYTEA NOT NULL,
    sign_count BIGINT NOT NULL,
    backed_up BOOLEAN NOT NULL,
    transports BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

-- What a registration or a sign-in that has begun is held against, by SHA-256 (hex) of the token that is presented with the
-- answer. A row goes when it is answered. A registration is its session's.
CREATE TABLE passkey_ceremonies (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('register', 'sign-in')),
    user_id TEXT REFERENCES users (id),
    session_id TEXT,
    state BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX passkey_ceremonies_by_expiry ON passkey_ceremonies (expires_at);
