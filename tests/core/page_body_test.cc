// A page's number in its bytes.
#include "core/page_body.h"

#include <gtest/gtest.h>

namespace vhookd {
namespace {

TEST(PageBody, TheLastNumberIsThePages) {
  const std::string head =
      R"({"type":"VIRTUAL","webhook":{"id":"w"},"data":[{"x":1,"sequence":7,"y":",\"sequence\":8"}])";
  EXPECT_EQ(with_sequence(head + R"(,"sequence":9})", 10), head + R"(,"sequence":10})");
  EXPECT_EQ(with_sequence(head + R"(,"sequence":100,"nonce":"ab","sig256":"cd"})", 99),
            head + R"(,"sequence":99,"nonce":"ab","sig256":"cd"})");
  EXPECT_EQ(with_sequence(head + R"(,"sequence":9})", 9), head + R"(,"sequence":9})");
}

TEST(PageBody, WhatIsNoPageStays) {
  for (const char* text : {"", "x", R"({"sequence":1})", R"({"a":1,"sequence":"x"})", R"(,"sequence":)"})
    EXPECT_EQ(with_sequence(text, 5), text);
}

}  // namespace
}  // namespace vhookd
