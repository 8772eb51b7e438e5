-- The names of the keys that wrap secrets. The keys themselves are never in a database. A retired key's row stays, so that
-- nothing brings it back.
CREATE TABLE vault_keys (
    id TEXT PRIMARY KEY,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    UNIQUE (id, active)
);

-- A secret, sealed for its organisation, scope and field. `wrapped_key` is its data key under the key `key_id`.
-- `key_active` is always true: with it the foreign key refuses a secret under a retired key, and the retirement of a key
-- that a secret needs, whoever is quicker.
CREATE TABLE vault_secrets (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    scope TEXT NOT NULL,
    field TEXT NOT NULL,
    format BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    key_active BOOLEAN NOT NULL CHECK (key_active),
    wrapped_key BYTEA NOT NULL,
    nonce BYTEA NOT NULL,
    ciphertext BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (organization_id, scope, field),
    FOREIGN KEY (key_id, key_active) REFERENCES vault_keys (id, active)
);
CREATE INDEX vault_secrets_by_key ON vault_secrets (key_id, id);
