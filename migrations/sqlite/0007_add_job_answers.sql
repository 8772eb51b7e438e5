-- Answers (JSON, by the questions' keys) to some of what a job asks for, kept with it until there are all of them.
ALTER TABLE pipeline_jobs ADD COLUMN answers TEXT;
