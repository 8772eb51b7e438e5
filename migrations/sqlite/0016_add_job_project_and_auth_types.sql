-- The project whose connected accounts a call may use; absent when it names none.
ALTER TABLE pipeline_jobs ADD COLUMN project_id TEXT;

-- Every way in which accounts of a connector may be connected, separated by spaces, `auth_type` first; that alone when absent.
ALTER TABLE connectors ADD COLUMN auth_types TEXT;
