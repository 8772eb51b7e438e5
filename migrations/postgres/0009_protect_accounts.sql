-- How often something was tried that somebody may guess at. `hash` is SHA-256 (hex) of the limit and of whom it counts;
-- `free_at` is when everything that was taken is given back (the generic cell rate algorithm's theoretical arrival time).
CREATE TABLE throttles (
    hash TEXT PRIMARY KEY,
    free_at BIGINT NOT NULL
);
CREATE INDEX throttles_by_free_at ON throttles (free_at);

-- Wrong passwords in a row, by SHA-256 (hex) of the account and, where its owner has signed in from before, of the
-- address. Nothing is tried before `locked_until`; `delay_ms` is how long the last wait was.
CREATE TABLE lockouts (
    hash TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    delay_ms BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    forget_at BIGINT NOT NULL
);
CREATE INDEX lockouts_by_forget_at ON lockouts (forget_at);
CREATE INDEX sessions_by_address ON sessions (user_id, address);
