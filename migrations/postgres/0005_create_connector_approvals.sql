-- What connectors were approved to ask for. It belongs to the installation, not to a tenant. `digest` is the component's,
-- `grants` (JSON, canonical) what its manifest asks for, and `grants_digest` the SHA-256 of that.
CREATE TABLE connector_approvals (
    slug TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    grants TEXT NOT NULL,
    grants_digest TEXT NOT NULL,
    approved_at BIGINT NOT NULL,
    approved_by TEXT NOT NULL
);
