#include "scheduler/detect/driver.h"

namespace vhookd {

namespace {

using Then = DriveObserver::Then;

class Driver {
 public:
  Driver(Method& method, Source& source, PageBuilder& builder, DriveObserver& observer)
      : method_(method), source_(source), builder_(builder), observer_(observer) {}

  Result<void> run() {
    while (const auto question = method_.next()) {
      observer_.asking(*question);
      const auto then = converse(*question);
      if (!then) return std::unexpected(then.error());
      if (*then == Then::stop) return {};
      new_view_ = *then == Then::new_view || std::holds_alternative<OpenTransactionBound>(*question);
      if (*then == Then::new_view) continue;
      if (auto done = method_.answered(builder_); !done) return done;
    }
    return {};
  }

 private:
  Result<Then> converse(const Question& question) {
    auto then = Then::go_on;
    Result<void> handled;
    const auto read = ask(question, [&](Row row) {
      handled = handle(row, then);
      return handled.has_value() && then == Then::go_on;
    });
    if (!handled) return std::unexpected(handled.error());
    const bool refused = !read && read.error().recourse == Recourse::ask_operator &&
                         std::holds_alternative<OpenTransactionBound>(question);
    if (!read && !refused) return std::unexpected(read.error());
    return then;
  }

  Result<void> handle(Row row, Then& then) {
    if (auto done = method_.row(row, builder_); !done) return done;
    const auto said = observer_.handled(builder_);
    if (!said) return std::unexpected(said.error());
    then = *said;
    if (then == Then::new_view && !method_.continue_in_new_view()) then = Then::go_on;
    return {};
  }

  Result<void> ask(const Question& question, const OnRow& on_row) {
    const bool outside = std::holds_alternative<Lookup>(question);
    if (in_view_ && (outside || new_view_)) {
      source_.end();
      in_view_ = false;
    }
    if (outside || in_view_) return source_.read(question, on_row);
    in_view_ = true;
    return source_.begin(question, on_row);
  }

  Method& method_;
  Source& source_;
  PageBuilder& builder_;
  DriveObserver& observer_;
  bool new_view_ = false;
  bool in_view_ = false;
};

}  // namespace

Result<void> drive(Method& method, Source& source, PageBuilder& builder, DriveObserver& observer) {
  return Driver(method, source, builder, observer).run();
}

}  // namespace vhookd
