-- Times are milliseconds since 1970-01-01 UTC. Hashes are lower-case hexadecimal SHA-256.

CREATE TABLE store (
  id         VARCHAR(36) NOT NULL PRIMARY KEY,
  created_at BIGINT      NOT NULL
);

CREATE TABLE runs (
  id           VARCHAR(100) NOT NULL PRIMARY KEY,
  name         VARCHAR(64)  NOT NULL,
  method       VARCHAR(64)  NOT NULL,
  state        VARCHAR(16)  NOT NULL
    CHECK (state IN ('pending', 'running', 'stopping', 'completed', 'failed', 'stopped')),
  rounds       INTEGER      NOT NULL,
  rounds_done  INTEGER      NOT NULL DEFAULT 0,
  devices      INTEGER      NOT NULL,
  plan         TEXT         NOT NULL,
  submitted_by VARCHAR(64)  NOT NULL,
  submitted_at BIGINT       NOT NULL,
  started_at   BIGINT,
  ended_at     BIGINT,
  failure_name VARCHAR(32),
  failure_text TEXT
);

CREATE INDEX runs_by_time ON runs (submitted_at, id);

CREATE TABLE visits (
  run        VARCHAR(100) NOT NULL REFERENCES runs (id),
  round      INTEGER      NOT NULL,
  device     INTEGER      NOT NULL,
  attempt    INTEGER      NOT NULL,
  agent      VARCHAR(64),
  state      VARCHAR(16)  NOT NULL
    CHECK (state IN ('invited', 'working', 'waiting', 'broken', 'whole', 'lost')),
  changed_at BIGINT       NOT NULL,
  reason     TEXT,
  PRIMARY KEY (run, round, device, attempt)
);

CREATE TABLE assignments (
  run   VARCHAR(100) NOT NULL REFERENCES runs (id),
  node  VARCHAR(32)  NOT NULL,
  agent VARCHAR(64)  NOT NULL,
  PRIMARY KEY (run, node)
);

-- Devices and hosts of bodies, each with the certificate that counts now.
CREATE TABLE agents (
  name         VARCHAR(64) NOT NULL PRIMARY KEY,
  role         VARCHAR(8)  NOT NULL CHECK (role IN ('device', 'body')),
  serial       VARCHAR(64) NOT NULL UNIQUE,
  -- The certificate before, which counts until the new one was shown: its answer may have been lost.
  previous     VARCHAR(64),
  certificate  TEXT        NOT NULL,
  enrolled_at  BIGINT      NOT NULL,
  expires_at   BIGINT      NOT NULL,
  revoked_at   BIGINT,
  last_seen_at BIGINT,
  profile      TEXT
);

CREATE TABLE sent (
  agent VARCHAR(64)  NOT NULL,
  topic VARCHAR(128) NOT NULL,
  bytes BIGINT       NOT NULL,
  PRIMARY KEY (agent, topic)
);

CREATE TABLE enrolments (
  hash       VARCHAR(64) NOT NULL PRIMARY KEY,
  name       VARCHAR(64) NOT NULL,
  role       VARCHAR(8)  NOT NULL CHECK (role IN ('device', 'body')),
  created_by VARCHAR(64) NOT NULL,
  created_at BIGINT      NOT NULL,
  expires_at BIGINT      NOT NULL,
  used_at    BIGINT
);

CREATE TABLE operators (
  name       VARCHAR(64) NOT NULL PRIMARY KEY,
  hash       VARCHAR(64) NOT NULL UNIQUE,
  role       VARCHAR(8)  NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_at BIGINT      NOT NULL
);

-- Each entry carries the hash of the one before; see Audit.java for what is hashed.
CREATE TABLE audit (
  sequence BIGINT      NOT NULL PRIMARY KEY,
  at       BIGINT      NOT NULL,
  actor    VARCHAR(80) NOT NULL,
  action   VARCHAR(32) NOT NULL,
  subject  TEXT        NOT NULL,
  detail   TEXT        NOT NULL,
  previous VARCHAR(64) NOT NULL,
  hash     VARCHAR(64) NOT NULL
);
