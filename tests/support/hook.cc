#include "tests/support/hook.h"

#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace vhookd::testing {

std::string Post::header(const std::string& name) const {
  const std::string begin = "\r\n" + name + ": ";
  const auto line = head.find(begin);
  if (line == std::string::npos) return {};
  const auto from = line + begin.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

Hook::Hook(Answer answer)
    : answer_([answer = std::move(answer)](std::size_t number, const Post&) { return answer(number); }),
      server_([this](RawConnection& one) { serve(one); }) {}

Hook::Hook(Judge judge)
    : answer_([judge = std::move(judge)](std::size_t, const Post& post) { return judge(post); }),
      server_([this](RawConnection& one) { serve(one); }) {}

void Hook::serve(RawConnection& connection) {
  while (const auto request = connection.request()) {
    const auto end = request->find("\r\n\r\n") + 2;
    const Post post{
        .at = std::chrono::steady_clock::now(), .head = request->substr(0, end), .body = request->substr(end + 2)};
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = posts_.size();
      posts_.push_back(post);
    }
    const std::string answer = answer_(number, post);  // may wait
    connection.answer(answer, "");
  }
}

std::vector<Post> Hook::posts(std::size_t least) const {
  std::vector<Post> copy;
  const bool enough = eventually([&] {
    const std::lock_guard lock(mutex_);
    copy = posts_;
    return copy.size() >= least;
  });
  EXPECT_TRUE(enough) << copy.size() << " of " << least << " POSTs came";
  return copy;
}

}  // namespace vhookd::testing
