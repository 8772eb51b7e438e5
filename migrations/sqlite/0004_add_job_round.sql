-- What a call brings along from its earlier rounds (JSON): what may be asked, the answers, the tool's state.
ALTER TABLE pipeline_jobs ADD COLUMN round TEXT;
