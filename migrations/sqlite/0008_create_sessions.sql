-- A user is a person, or a service account, whichever organisations it belongs to. A membership says to which, and as what.
-- `users` is made anew without its tenant: what refers to it finds the same ids again before this commits.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE memberships (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT;
CREATE INDEX memberships_by_user ON memberships (user_id);
INSERT INTO memberships SELECT organization_id, id, role, created_at FROM users;

CREATE TABLE users_before AS SELECT id, email, name, created_at FROM users;
DROP TABLE users;
-- `email` is in lower case, and absent for a service account. `password_hash` is a PHC string.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    email TEXT UNIQUE,
    email_verified_at INTEGER,
    name TEXT NOT NULL,
    password_hash TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
INSERT INTO users (id, kind, email, name, created_at, updated_at)
    SELECT id, 'person', lower(email), name, created_at, created_at FROM users_before;
DROP TABLE users_before;

ALTER TABLE organizations ADD COLUMN deleted_at INTEGER;

-- A sign-in, or with `client_id` what a user granted to an OAuth client. `scopes` are separated by spaces; everything when
-- absent. `secret_hash` is SHA-256 (hex) of a browser's cookie.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    client_id TEXT,
    audience TEXT NOT NULL,
    scopes TEXT,
    secret_hash TEXT UNIQUE,
    user_agent TEXT,
    address TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- A session's refresh tokens, by SHA-256 (hex). Each is used once; one that is used again ends its session.
CREATE TABLE refresh_tokens (
    hash TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
