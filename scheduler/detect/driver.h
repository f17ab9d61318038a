// The one driver of the conversation between a method and a source: polls, `vhookd explain`, the rehearsal of
// hold_if_changed_over, the simulation and the tests of the methods all use it.
//
// It keeps the views. The first question begins one; a Lookup ends it and is asked outside; the question after an
// OpenTransactionBound is asked in a new one, begun after what was under way was looked for. Where the role may not ask
// for an OpenTransactionBound, that is an answer without rows.
#pragma once

#include "core/error.h"
#include "core/source.h"
#include "scheduler/detect/method.h"

namespace vhookd {

// Watches a conversation, and may end it.
class DriveObserver {
 public:
  enum class Then {
    go_on,
    new_view,  // the view is to be left for a newer one, where the method can go on in that
    stop
  };

  virtual ~DriveObserver() = default;
  // Before each question.
  virtual void asking(const Question& /*question*/) {}
  // After each row. Parts that are finished are to be taken from `builder` here.
  virtual Result<Then> handled(PageBuilder& builder) = 0;
};

// Goes on until the method has no more questions or the observer stops it. The source is left in its last view:
// end() is due, also after an error. REQUIRES: the source has no view.
Result<void> drive(Method& method, Source& source, PageBuilder& builder, DriveObserver& observer);

}  // namespace vhookd
