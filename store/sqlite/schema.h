// The format of state.db, version 6, and how the file is opened and brought up to date.
//
// The version is SQLite's user_version; application_id marks the file as vhookd's. Each migration is one transaction
// that also raises the version, so a crash leaves one version or the next. Instants are integer microseconds since
// 1970 UTC. Tables are STRICT: a value bound with the wrong type is an error at once rather than a surprise in a later
// release. What is opaque to the store (checkpoint, fingerprint, key, digest, body) is BLOB; what people read (ids,
// errors) is TEXT.
//
// webhook   One row for each webhook, found by its id. All other tables refer to `number`: a small integer makes the
//           keys of ten million known rows 20 bytes shorter than the id would. Numbers are never used twice
//           (AUTOINCREMENT), so what a forgotten webhook left can be swept later. known_rows counts the known rows
//           of the current epoch: counting ten million of them takes a tenth of a second from memory, and far longer
//           from a cold disk.
//
// outbox    The figures of each webhook's pages, and in row 0 their sum. Triggers on `page` maintain them in the same
//           transaction, so they are right after any crash without a recount. They are not columns of webhook, because
//           every delivery would then rewrite the checkpoint with them. Webhooks with queued pages are found by a scan,
//           which is made only at the start.
//
// page      A page without its body, keyed (webhook, state, sequence, id): the head of a queue is the first of a range,
//           however many dead pages come before it. state 0: queued; 1: dead, may hold up the pages after it;
//           2: delivered and kept for replay until keep_until; 3: dead, does not hold up the pages after it. The id is
//           part of the key because a record found by splitting passes its sequence on to the next page, so two dead
//           pages may have the same one. The sequence in this table is valid, not the one in the body: a split
//           renumbers pages not sent yet, and they are read with the row's (core/page_body.h). webhook.renumbered sums
//           these shifts, for a poll that was numbering pages meanwhile.
// body      Bodies, by number. In a table of its own, because SQLite rewrites a whole row on update: with the body in
//           it, each failed attempt of a 1 MiB page would write 1 MiB. A trigger on `page` deletes the body.
//
// replay    (since version 4, like states 2 and 3 of page) Pages to be sent again outside the queue, in the order of
//           number; url '' is the webhook's own. Its pages are not pruned. In a table of its own, because one page may
//           be sent to several URLs.
//
// known_block  (since version 6) Known rows, some 140 to a block in the order of their keys, packed as
//           store/sqlite/known_block.h describes. By (webhook, epoch, first): a block holds all rows from `first` to
//           that of the next block, and the first block of an epoch begins before all keys, so each key belongs to one
//           block. A look-up, a range read and a merge with the source all walk over them once. The epoch is part of
//           the key so that a new epoch starts at once: the old rows are no longer read, and are swept in small parts.
//           least_mark, the least mark of the block's rows, serves forget_below. A block takes half a page of the file,
//           and an update with as many bytes writes that page alone (with WITHOUT ROWID it would write two, and the
//           freelist's). So a row changed here and there costs little more than in a table of rows; 5,000 new rows in
//           key order take 0.9 ms, where a statement for each (version 5) took 5.9 ms and a third more room.
//
// known_range  (since version 3) Ranges of the known rows in key order, each from `first` to that of the next range,
//           with what the source's server computed over the same rows: count and fingerprint. Written together with the
//           known rows they describe. An empty fingerprint: the known rows may have changed since. About 1,000 rows
//           each, so ten million known rows have some 10,000 ranges.
//
// run       The last 50 runs of each webhook, numbered upwards.
//
// definition  (since version 2) Webhooks created through the API, as JSON with the configuration's keys, in the order
//           in which they were created. Secrets are references, never values. In a table of its own, because rows of
//           webhook are created for any id that is asked for.
//
// stale     What is still to be swept: known rows of `webhook` in epochs below `below_epoch`. The largest integer there
//           means that the webhook itself is gone, and its pages are to be swept too.
//
// Not used: foreign keys (children outlive the parent until they are swept), auto_vacuum (the room of deleted pages is
// used again; the file does not shrink), times as text (twice the size, and no order across precisions).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "core/error.h"
#include "store/sqlite/connection.h"

namespace vhookd {

constexpr int schema_version = 6;
// Page size of the file. Bodies are large: twice SQLite's default halves the calls that read and write them (a first
// sync from MariaDB became a sixth faster); a still larger size makes small commits expensive. A file created with
// 4 KiB keeps that size.
constexpr int page_bytes = 8192;
constexpr int state_queued = 0;  // of page.state, as the other three
constexpr int state_dead = 1;
constexpr int state_kept = 2;
constexpr int state_passed = 3;
constexpr std::int64_t forgotten_epoch = std::numeric_limits<std::int64_t>::max();  // stale.below_epoch

// Opens state.db in `folder`, creates it (mode 0600) if needed, checks and migrates it.
//
// The connection holds SQLite's exclusive lock, so the index of the WAL is in this process's memory and no shm file is
// mapped: a second connection, such as an operator's sqlite3, is refused rather than damaging the file at a checkpoint,
// and a full disk can't end the process by SIGBUS.
//
// The pages of the file are checked (quick_check) only after an unclean stop, which leaves a WAL behind, and only up to
// 512 MiB: about 2 s for each GiB from the page cache, but minutes from a slow disk. Damage beyond that is reported
// when it is read.
Result<std::unique_ptr<Connection>> open_state(const std::string& folder);

}  // namespace vhookd
