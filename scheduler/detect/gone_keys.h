// Which known rows are not in the table any more: its keys, read in order, merged with the known ones.
#pragma once

#include <deque>
#include <string>

#include "core/question.h"
#include "scheduler/detect/known_rows.h"
#include "scheduler/detect/plan.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

class GoneKeys {
 public:
  GoneKeys(const Plan& plan, KnownRows known) : plan_(&plan), known_(std::move(known)) {}

  Question question() const { return Keys{.of = &plan_->selection}; }
  // One row of its answer. Tells `builder` which known rows are gone, to be forgotten.
  Result<void> row(Row row, PageBuilder& builder, const PageBuilder::CheckpointMaker& before);
  Result<void> finish(PageBuilder& builder, const PageBuilder::CheckpointMaker& before);  // there are no more

 private:
  Result<void> forget_before(const std::string* key, PageBuilder& builder, const PageBuilder::CheckpointMaker& before);

  const Plan* plan_;
  KnownRows known_;
  std::deque<KnownRow> ahead_;  // known rows not reached yet
  std::string fetched_;         // key of the last known row fetched
  bool exhausted_ = false;
  std::string last_key_;
  bool disordered_ = false;
};

}  // namespace vhookd
