// PostgreSQL tables: what changed, told from the transaction that wrote each row (its xmin).
//
// Kept between polls: a horizon H (64-bit xid) and the set K of xids at or above it whose rows were
// delivered. In one REPEATABLE READ view: take the snapshot, read the rows with xmin >= H whose xmin is not
// in K; then H' is the snapshot's xmin and K' every xid >= H' seen now or in K. Below H' every transaction has
// ended, so nothing can appear there any more; a commit makes all rows of its xid visible at once, so an xid
// once seen is complete. No lag, no trust in any clock, SELECT alone.
//
// Where the table has a key, the key and digest of every row are kept as known rows. A row written with the
// values it had (UPDATE t SET a = a, an ALTER TABLE that rewrites the table) has a new xmin and its old digest,
// and is not sent. That is right only while the known rows are the table's and no others: a row that is deleted
// and later inserted again as it was has to be sent. So each poll also counts the table's rows: along with the rows
// it reads, or where there are none, or many, with a question of its own. Where there are fewer than are known, the
// keys are read as well, and those gone are forgotten in the same view.
//
// H and K hold for one run of the server (scheduler/detect/xid/server_run.h). At another, every row is compared.
//
// A partition that is attached, or a table that begins to inherit, brings rows that were written long ago: of one the
// last poll did not find every row is read.
//
// All that takes one scan of the table. Where that is much and a time column allows it, most polls are narrow: they
// look at the rows of a range of that column, and full sweeps at a longer interval at all
// (scheduler/detect/xid/xid_narrowing.h).
//
// A poll cut short goes on by key: rows up to the last key were read under the first view, the rest under a
// later one. Only xids seen under the first are complete for the whole table; those first seen later stay
// out of K' and come again: once where no digests are kept, rather than be missed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/detect/gone_keys.h"
#include "scheduler/detect/method.h"
#include "scheduler/detect/xid/xid_narrowing.h"
#include "scheduler/detect/xid/xid_position.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

class XidMethod final : public Method {
 public:
  static Result<XidMethod> begin(const Plan& plan, const std::string& checkpoint, KnownRows known);

  std::optional<Question> next() override;
  Result<void> row(Row row, PageBuilder& builder) override;
  Result<void> answered(PageBuilder& builder) override;
  std::string checkpoint() const override;
  bool continue_in_new_view() override;
  PollSummary summary() const override;

 private:
  enum class Step { position, scan, count, keys, done };
  struct Sweep {
    std::uint64_t horizon = 0;      // H' to be
    std::set<std::uint64_t> seen;   // K' to be
    std::vector<Param> after;       // key of the last row handled; empty: none yet
    std::string place;              // see place_
    std::set<std::uint64_t> parts;  // parts_ to be
    std::optional<Param> since;     // a narrow poll reads rows stamped from here on; none: it is a full sweep
    Instant began;                  // at the server
  };

  XidMethod(const Plan& plan, KnownRows known) : plan_(&plan), known_(std::move(known)), gone_(plan, known_) {}
  Result<void> take_position(Row row);
  void begin_sweep(std::uint64_t horizon);
  std::optional<Sweep> sweep_of(const nlohmann::json& state) const;
  void check_run(std::string run);
  void check_place(std::string place);
  void start_over(const std::string& why);
  bool starts_with_everything() const { return first_ || everything_ || !noted_; }
  Result<void> take_row(Row row, PageBuilder& builder);
  Result<bool> is_wanted(Row row, std::uint64_t xid, std::optional<KnownRow>& to_remember);
  Result<void> take_count(Row row);
  void add_seen(std::uint64_t xid);
  Step after_count() const;
  void finish();
  std::uint64_t full_xid(std::string_view xmin) const;

  // scheduler/detect/xid/xid_questions.cc
  ChangePosition position() const;
  ChangeScan scan() const;
  ChangeScan::Newer newer_than_last_poll() const;
  bool counts_along() const;
  TableCheck check() const;

  const Plan* plan_;
  KnownRows known_;
  Step step_ = Step::position;
  bool by_place_ = false;  // the sweep goes on by ctid, not by the key
  bool parted_ = false;    // the rows are those of several tables (partitions or heirs)
  bool first_ = true;      // no poll of this epoch was ever whole
  XidPosition position_;   // behind the last full sweep
  std::optional<XidNarrowing> narrowing_;
  bool noted_ = true;  // every row is known; false: older state, which kept no digests
  std::string run_;    // of the server, at the last poll; empty: a standby's, or not known
  std::optional<Sweep> sweep_;
  bool resumed_ = false;
  bool everything_ = false;        // H says nothing any more: compare all
  std::string place_;              // the files a ctid points into, where the sweep goes by it
  std::set<std::uint64_t> parts_;  // oids of the parts the last poll found. A sweep that goes on keeps the ones it
                                   // began with, so that what was attached since is new to the next poll
  std::set<std::uint64_t> now_;    // and of those that are there now
  std::uint64_t snapshot_xmax_ = 0;
  std::string notice_;
  std::string token_;
  std::string ended_;    // the server's time after the scan, where polls are narrowed
  bool narrow_ = false;  // this poll was narrow, and is whole
  // Which known rows are not there any more.
  bool fresh_ = false;  // no row ahead of the sweep can be known
  std::int64_t known_rows_ = 0;
  std::optional<std::uint64_t> rows_;  // there are in the view, once a row or an answer has told; 0 in a narrow poll
  GoneKeys gone_;
};

}  // namespace vhookd
