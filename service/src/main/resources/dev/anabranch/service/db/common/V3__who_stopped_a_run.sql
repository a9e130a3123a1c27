-- Who asked a run to stop, and when.
ALTER TABLE runs ADD COLUMN stopped_by VARCHAR(64);
ALTER TABLE runs ADD COLUMN stopped_at BIGINT;
