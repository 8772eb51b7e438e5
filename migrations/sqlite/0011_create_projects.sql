-- What an API key may do and from where. `scopes` are separated by spaces; everything when absent. `networks` are CIDR blocks,
-- separated by spaces; anywhere when absent. `replaced_by` is the key that it was rotated to.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
ALTER TABLE api_keys ADD COLUMN networks TEXT;
ALTER TABLE api_keys ADD COLUMN replaced_by TEXT REFERENCES api_keys (id);
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_from TEXT;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

-- How a person wants to be met. `preferences` is a JSON object.
ALTER TABLE users ADD COLUMN avatar_url TEXT;
ALTER TABLE users ADD COLUMN time_zone TEXT;
ALTER TABLE users ADD COLUMN locale TEXT;
ALTER TABLE users ADD COLUMN preferences TEXT;

-- `restore_hash` is SHA-256 (hex) of what a deleted organisation can be had back with.
ALTER TABLE organizations ADD COLUMN restore_hash TEXT;
CREATE UNIQUE INDEX organizations_by_restore_hash ON organizations (restore_hash);

-- `token_hash` is SHA-256 (hex).
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    token_hash TEXT NOT NULL UNIQUE,
    invited_by TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    accepted_by TEXT REFERENCES users (id),
    revoked_at INTEGER
) STRICT;
CREATE INDEX invitations_by_organization ON invitations (organization_id, id);
-- One address is invited once at a time.
CREATE UNIQUE INDEX invitations_open ON invitations (organization_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- What follows names its tenant in every reference, so that nothing of one tenant can be part of another's.
CREATE TABLE teams (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, slug)
) STRICT;

CREATE TABLE team_members (
    organization_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, team_id, user_id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id)
) STRICT;
CREATE INDEX team_members_by_user ON team_members (organization_id, user_id);

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    UNIQUE (organization_id, id)
) STRICT;
CREATE UNIQUE INDEX projects_by_slug ON projects (organization_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE project_members (
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('maintainer', 'developer', 'viewer')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, project_id, user_id),
    FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id)
) STRICT;
CREATE INDEX project_members_by_user ON project_members (organization_id, user_id);

CREATE TABLE project_teams (
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('maintainer', 'developer', 'viewer')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, project_id, team_id),
    FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id)
) STRICT;
CREATE INDEX project_teams_by_team ON project_teams (organization_id, team_id);
