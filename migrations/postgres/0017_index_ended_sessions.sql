-- Sessions and refresh tokens that ended long ago are removed.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_end ON sessions (revoked_at);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- The owner of the first start, who is the first user that there was: named by whoever set the installation up.
UPDATE users SET email_verified_at = created_at WHERE email = 'owner@localhost' AND email_verified_at IS NULL
    AND id = (SELECT id FROM users ORDER BY created_at, id LIMIT 1);
