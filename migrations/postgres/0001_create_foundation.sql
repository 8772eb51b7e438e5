-- Organisations, users and their API keys.
CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at BIGINT NOT NULL,
    UNIQUE (organization_id, email)
);

-- A key is shown once; `prefix` finds its row, `hash` (SHA-256, hex) proves it.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

-- The catalogue: what the operator installed. It belongs to the installation, not to a tenant.
CREATE TABLE connectors (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    auth_type TEXT NOT NULL CHECK (auth_type IN ('oauth2', 'api_key', 'none')),
    digest TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('available', 'removed')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE connector_tools (
    connector_id TEXT NOT NULL REFERENCES connectors (id),
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    input_schema TEXT NOT NULL,
    output_schema TEXT,
    annotations TEXT NOT NULL,
    PRIMARY KEY (connector_id, name)
);

-- A job is one tool call. `lease_number` grows with every claim and fences stale workers.
CREATE TABLE pipeline_jobs (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    connector TEXT NOT NULL,
    tool TEXT NOT NULL,
    connector_digest TEXT NOT NULL,
    read_only BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
    arguments TEXT NOT NULL,
    result TEXT,
    error TEXT,
    usage TEXT,
    idempotency_key TEXT,
    request_hash TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    audit_event_id TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    lease_number BIGINT NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_expires_at BIGINT,
    cancel_requested_at BIGINT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX pipeline_jobs_by_organization ON pipeline_jobs (organization_id, id);
CREATE UNIQUE INDEX pipeline_jobs_by_idempotency_key
    ON pipeline_jobs (organization_id, user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX pipeline_jobs_queued ON pipeline_jobs (id) WHERE status = 'queued';
CREATE INDEX pipeline_jobs_running ON pipeline_jobs (lease_expires_at) WHERE status = 'running';

-- `sequence` counts a job's events from 1.
CREATE TABLE pipeline_events (
    job_id TEXT NOT NULL REFERENCES pipeline_jobs (id),
    sequence BIGINT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    level TEXT NOT NULL CHECK (level IN ('info', 'warn', 'error')),
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, sequence)
);

-- The audit trail. An entry is begun before the act and completed after it; one that was refused is begun complete.
CREATE TABLE action_logs (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('pending', 'succeeded', 'failed', 'canceled', 'refused')),
    reason TEXT,
    job_id TEXT,
    correlation_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    completed_at BIGINT
);
CREATE INDEX action_logs_by_organization ON action_logs (organization_id, id);
