// The format of state.db, version 6, and how it is opened and brought up to date.
//
// The version is SQLite's user_version; application_id says the file is ours. Each migration is one
// transaction that also raises the version, so a crash leaves one version or the next. Instants are
// integer microseconds since 1970 UTC. Tables are STRICT: a value bound with the wrong type is an error
// here rather than a surprise in a later release. What is opaque to the store (checkpoint, fingerprint,
// key, digest, body) is BLOB; what people read (ids, errors) is TEXT.
//
// webhook   One row for each, found by its id. Everything else hangs on `number`: a small integer makes
//           the keys of ten million known rows 20 bytes shorter than the id would. Numbers are never
//           used twice (AUTOINCREMENT), so what a forgotten webhook left behind can be swept later.
//           known_rows counts the known rows of the current epoch: counting ten million of them takes
//           a tenth of a second from memory and far longer from a cold disk.
//
// outbox    Delivery's figures for each webhook, and row 0 their sum. Triggers on `page` keep them, in
//           the same transaction, so they are right after any crash without a recount. Not columns of
//           webhook: every delivery would rewrite the checkpoint beside them. What has something to send is found by
//           a scan, which is made at the start only.
//
// page      What is known of a page but its body, keyed (webhook, state, sequence, id): the head of the queue
//           is the first of a range however many dead pages stand before it. state 0: queued; 1: dead, what
//           follows may wait for it; 2: delivered and kept for replay until keep_until; 3: dead and passed
//           over. The id is in the key because a record found by splitting gives its sequence to the next page, so
//           that two dead ones may have the same. The sequence here counts, not the one in the body: a
//           page not sent yet is renumbered by a split, and reads as the row says (core/page_body.h).
//           webhook.renumbered sums those moves, for the poll that was numbering pages meanwhile.
// body      The bodies, by number. Apart, because SQLite rewrites a whole row on update: with the body
//           in it each failed attempt of a 1 MiB page would write 1 MiB. A page's trigger deletes its body.
//
// replay    (version 4, as states 2 and 3 of page) Pages to be sent again beside the queue, in the order of number; url
// '' is the webhook's own. A
//           page in it is not pruned. Kept apart from page: one may go to several URLs.
//
// known_block  (version 6) Rows of the source seen before, some 140 to a block in the order of their keys, packed as
//           store/sqlite/known_block.h says. By (webhook, epoch, first): a block holds all rows from `first` up to the
//           next one's, and the first of an epoch begins before all keys, so each key has one place. A lookup, a range
//           read and a merge with the source are all one walk. The epoch is in the key so that a new one starts
//           at once: the old rows are only no longer looked at, and are swept in small parts. least_mark, the least
//           mark of its rows, serves forget_below. A block takes half a page of the file, and an update of as many
//           bytes writes only that page (with WITHOUT ROWID it would be two and the freelist's), so a row changed here
//           and there costs little more than in a tree of rows; 5,000 new rows in key order take 0.9 ms, where a
//           statement for each (version 5) took 5.9 ms and a third more room.
//
// known_range  (version 3) Stretches of the known rows in key order, each from `first` up to the next one's, with
//           what the source's server made of the same rows: count and fingerprint. Written with the known rows
//           they stand for. An empty fingerprint: the known rows of this stretch may have moved on without it.
//           About 1,000 rows each, so ten million known rows have some 10,000.
//
// run       The last 50 of each webhook, numbered upwards.
//
// definition (version 2) Webhooks made through the API, as JSON with the configuration's keys and never a secret:
// secrets
//           stand in it as references. In the order they were made. Apart from webhook, whose rows are made for
//           whatever id is asked for.
//
// stale     What is still to be swept: known rows of `webhook` in epochs below `below_epoch`; with the
//           largest integer there the webhook itself is gone, its pages with it.
//
// Not used: foreign keys (children outlive the parent until they are swept), auto_vacuum (the room of
// deleted pages is used again; the file does not shrink), times as text (twice the size, and no order
// across precisions).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "core/error.h"
#include "store/sqlite/connection.h"

namespace vhookd {

constexpr int schema_version = 6;
// Of the file. Bodies are large: twice SQLite's default halves the calls that write and read them (a first sync from
// MariaDB became a sixth faster), and still larger ones make small commits dear. A file made with 4 KiB stays as it is.
constexpr int page_bytes = 8192;
constexpr int state_queued = 0;  // page.state
constexpr int state_dead = 1;
constexpr int state_kept = 2;
constexpr int state_passed = 3;
constexpr std::int64_t forgotten_epoch = std::numeric_limits<std::int64_t>::max();  // stale.below_epoch

// Opens state.db in `folder`, makes it (mode 0600) where there is none, checks and migrates it.
//
// It is held with SQLite's exclusive lock, so the index of the WAL lives in our memory and no shm file
// is mapped: a second connection, such as an operator's sqlite3, is turned away rather than corrupting
// the file at a checkpoint, and a full disk can't end the process by SIGBUS.
//
// The pages of the file are checked (quick_check) only where the last stop was unclean, which the WAL
// left behind tells, and only up to 512 MiB: about 2 s a GiB from the page cache, but minutes from a slow
// disk, and what a crash may damage shows as an error when it is read anyhow.
Result<std::unique_ptr<Connection>> open_state(const std::string& folder);

}  // namespace vhookd
