-- A user is a person, or a service account, whichever organisations it belongs to. A membership says to which, and as what.
CREATE TABLE memberships (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);
INSERT INTO memberships SELECT organization_id, id, role, created_at FROM users;

-- `email` is in lower case, and absent for a service account. `password_hash` is a PHC string.
ALTER TABLE users DROP COLUMN organization_id;
ALTER TABLE users DROP COLUMN role;
ALTER TABLE users ALTER COLUMN email DROP NOT NULL;
UPDATE users SET email = lower(email);
ALTER TABLE users ADD UNIQUE (email);
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));
ALTER TABLE users ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE users ADD COLUMN email_verified_at BIGINT;
ALTER TABLE users ADD COLUMN password_hash TEXT;
ALTER TABLE users ADD COLUMN updated_at BIGINT;
UPDATE users SET updated_at = created_at;
ALTER TABLE users ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE users ADD COLUMN deleted_at BIGINT;

ALTER TABLE organizations ADD COLUMN deleted_at BIGINT;

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
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- A session's refresh tokens, by SHA-256 (hex). Each is used once; one that is used again ends its session.
CREATE TABLE refresh_tokens (
    hash TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
