-- What an organisation takes away from a connector (JSON), for itself. `digest` is the SHA-256 of that: a call is recorded
-- only while it is the digest of what the call was checked against.
CREATE TABLE connector_restrictions (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    connector TEXT NOT NULL,
    restrictions TEXT NOT NULL,
    digest TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (organization_id, connector)
) STRICT;
