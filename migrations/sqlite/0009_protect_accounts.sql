-- How often something was tried that somebody may guess at. `hash` is SHA-256 (hex) of the limit and of whom it counts;
-- `free_at` is when everything that was taken is given back (the generic cell rate algorithm's theoretical arrival time).
CREATE TABLE throttles (
    hash TEXT PRIMARY KEY,
    free_at INTEGER NOT NULL
) STRICT;
CREATE INDEX throttles_by_free_at ON throttles (free_at);

-- Wrong passwords in a row, by SHA-256 (hex) of the account and, where its owner has signed in from before, of the
-- address. Nothing is tried before `locked_until`; `delay_ms` is how long the last wait was.
CREATE TABLE lockouts (
    hash TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    delay_ms INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
) STRICT;
CREATE INDEX lockouts_by_forget_at ON lockouts (forget_at);
CREATE INDEX sessions_by_address ON sessions (user_id, address);

-- Tokens that are mailed and used once, by SHA-256 (hex). `purpose` is what for; `subject` what else it is bound to, such as
-- the address that it proves.
CREATE TABLE one_time_tokens (
    hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    subject TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id, purpose);

-- Mail that waits for the host to send it. `sealed` is the mail, whose links are as good as a password, encrypted under a key
-- that is not in the database; it goes when the mail is sent. `due_at` is when to try, also for whoever has a lease on it.
CREATE TABLE mails (
    id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mails_by_due_at ON mails (due_at);

-- A user's TOTP (RFC 6238). `sealed` is its secret, encrypted under a key that is not in the database; it asks for codes once it
-- is confirmed. `last_step` is the time step of the last code that was taken: none is taken twice.
CREATE TABLE second_factors (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;

-- What is used in the place of a code when the device is lost, by SHA-256 (hex). Each is used once.
CREATE TABLE recovery_codes (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);
