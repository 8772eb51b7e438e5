-- The project whose connected accounts a call may use; absent when it names none.
ALTER TABLE pipeline_jobs ADD COLUMN project_id TEXT;
