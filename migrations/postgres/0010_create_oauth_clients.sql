-- OAuth clients: `registered` ones have registered themselves (RFC 7591), a `document` is a copy of what stands at the https
-- URL that the client has as its id. `redirect_uris` and `grant_types` are JSON arrays. A registered client that was never
-- used, and a copy, last until `expires_at`.
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('registered', 'document')),
    name TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    token_endpoint_auth_method TEXT NOT NULL
        CHECK (token_endpoint_auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
    secret_hash TEXT,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    expires_at BIGINT
);
CREATE INDEX oauth_clients_by_expiry ON oauth_clients (expires_at);

-- Authorization codes, by SHA-256 (hex). Each is used once; one that is used again ends the session that came of it.
CREATE TABLE authorization_codes (
    hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    audience TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    session_id TEXT
);
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);

-- What a device without a browser asks for (RFC 8628); both codes by SHA-256 (hex).
CREATE TABLE device_authorizations (
    hash TEXT PRIMARY KEY,
    user_code_hash TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    scopes TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'used')),
    user_id TEXT REFERENCES users (id),
    organization_id TEXT REFERENCES organizations (id),
    interval_seconds BIGINT NOT NULL,
    next_poll_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX device_authorizations_by_expiry ON device_authorizations (expires_at);
