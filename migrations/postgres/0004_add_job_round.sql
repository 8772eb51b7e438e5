-- What a call brings along from its earlier rounds (JSON): what may be asked, the answers, the tool's state.
ALTER TABLE pipeline_jobs ADD COLUMN round TEXT;
-- The job whose questions this one brings the answers to. They are answered once.
ALTER TABLE pipeline_jobs ADD COLUMN continues TEXT REFERENCES pipeline_jobs (id);
CREATE UNIQUE INDEX pipeline_jobs_by_continues ON pipeline_jobs (continues) WHERE continues IS NOT NULL;
