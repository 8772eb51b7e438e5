-- Who gives tokens for a connector's accounts, as JSON without a secret; absent when accounts are not connected by OAuth 2.
ALTER TABLE connectors ADD COLUMN oauth TEXT;

-- A connected account. It belongs to a user or to a project, never to both; its secrets are in the vault. `authority` is who
-- gave its tokens: nobody else is sent them. `version` grows with every change of its secrets, and fences whoever
-- refreshes them; `refresh_owner` does so until `refresh_until`. `cleanup_at` is when the host next tries to revoke what
-- was disconnected.
CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    connector TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    project_id TEXT,
    label TEXT NOT NULL,
    account TEXT,
    auth_type TEXT NOT NULL CHECK (auth_type IN ('oauth2', 'api_key', 'none')),
    authority TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'expired', 'revoked', 'error')),
    status_reason TEXT,
    scopes TEXT,
    expires_at BIGINT,
    refreshable BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    refresh_owner TEXT,
    refresh_until BIGINT,
    cleanup_at BIGINT,
    cleanup_attempts BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((user_id IS NULL) <> (project_id IS NULL))
);
CREATE INDEX connections_by_owner ON connections (organization_id, connector, user_id);
CREATE INDEX connections_by_cleanup ON connections (cleanup_at) WHERE cleanup_at IS NOT NULL;

-- One attempt to connect an account by OAuth 2. The link's token, the state and the browser's cookie are here as SHA-256
-- (hexadecimal) alone; `verifier` is PKCE's, sealed under a key that is made of the state.
CREATE TABLE oauth_transactions (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    connection_id TEXT NOT NULL REFERENCES connections (id),
    link_hash TEXT NOT NULL UNIQUE,
    state_hash TEXT UNIQUE,
    browser_hash TEXT,
    verifier BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    started_at BIGINT,
    used_at BIGINT
);
CREATE INDEX oauth_transactions_by_expiry ON oauth_transactions (expires_at);
