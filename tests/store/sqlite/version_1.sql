-- state.db as version 1 had it, with two webhooks, one page queued and one dead.
CREATE TABLE webhook (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  epoch INTEGER NOT NULL DEFAULT 1,
  fingerprint BLOB NOT NULL DEFAULT x'',
  checkpoint BLOB NOT NULL DEFAULT x'',
  next_sequence INTEGER NOT NULL DEFAULT 1,
  paused INTEGER NOT NULL DEFAULT 0,
  paused_because TEXT NOT NULL DEFAULT '',
  healthy INTEGER NOT NULL DEFAULT 1,
  last_error TEXT NOT NULL DEFAULT '',
  failed_in_a_row INTEGER NOT NULL DEFAULT 0,
  checked_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  known_rows INTEGER NOT NULL DEFAULT 0,
  unmarked INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outbox (
  webhook INTEGER PRIMARY KEY,
  queued_pages INTEGER NOT NULL DEFAULT 0,
  queued_bytes INTEGER NOT NULL DEFAULT 0,
  dead_pages INTEGER NOT NULL DEFAULT 0,
  last_delivery_at INTEGER
) STRICT;
INSERT INTO outbox (webhook) VALUES (0);
CREATE INDEX outbox_queued ON outbox (webhook) WHERE queued_pages > 0;

CREATE TABLE page (
  webhook INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  id TEXT NOT NULL,
  type INTEGER NOT NULL,
  records INTEGER NOT NULL,
  body INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  queued_at INTEGER NOT NULL,
  first_attempt_at INTEGER,
  not_before INTEGER NOT NULL DEFAULT 0,
  died_at INTEGER,
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (webhook, state, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
  number INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER page_added AFTER INSERT ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0),
                    queued_bytes = queued_bytes + (NEW.state = 0) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state = 1)
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_moved AFTER UPDATE OF state ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0) - (OLD.state = 0),
                    queued_bytes = queued_bytes + ((NEW.state = 0) - (OLD.state = 0)) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state = 1) - (OLD.state = 1)
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_gone AFTER DELETE ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages - (OLD.state = 0),
                    queued_bytes = queued_bytes - (OLD.state = 0) * OLD.bytes,
                    dead_pages = dead_pages - (OLD.state = 1)
   WHERE webhook IN (0, OLD.webhook);
  DELETE FROM body WHERE number = OLD.body;
END;

CREATE TABLE known (
  webhook INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  key BLOB NOT NULL,
  digest BLOB NOT NULL,
  mark INTEGER NOT NULL,
  matched INTEGER NOT NULL,
  PRIMARY KEY (webhook, epoch, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_mark ON known (webhook, epoch, mark) WHERE mark <> 0;

CREATE TABLE run (
  webhook INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ok INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  records INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (webhook, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE stale (
  webhook INTEGER PRIMARY KEY,
  below_epoch INTEGER NOT NULL
) STRICT;

INSERT INTO webhook (id, next_sequence, created_at, updated_at) VALUES ('a', 3, 1, 1), ('b', 2, 1, 1);
INSERT INTO outbox (webhook) VALUES (1), (2);
INSERT INTO body (bytes) VALUES (CAST('dead body' AS BLOB)), (CAST('queued body' AS BLOB)), (CAST('of b' AS BLOB));
INSERT INTO page (webhook, state, sequence, id, type, records, body, bytes, attempts, queued_at, died_at, error) VALUES
  (1, 1, 1, 'msg_1', 2, 1, 1, 9, 4, 5, 6, 'gone wrong'),
  (1, 0, 2, 'msg_2', 2, 3, 2, 11, 0, 7, NULL, ''),
  (2, 0, 1, 'msg_3', 2, 1, 3, 4, 0, 7, NULL, '');
PRAGMA application_id = 1986554724;
PRAGMA user_version = 1;
