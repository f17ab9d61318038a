#include "core/stamp.h"

#include <gtest/gtest.h>

#include "core/time_text.h"

namespace vhookd {
namespace {

struct Case {
  Kind kind;
  std::string text;
  std::string at;  // empty: no time
  StampForm form;
  std::string bound;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.text;
}

const std::vector<Case> cases = {
    {Kind::timestamp, "2026-11-23 09:00:00", "2026-11-23T09:00:00Z", StampForm::sql, "2026-11-23 09:00:00"},
    {Kind::timestamp, "2026-11-23 09:00:00.123456", "2026-11-23T09:00:00.123456Z", StampForm::sql,
     "2026-11-23 09:00:00"},
    {Kind::timestamptz, "2026-11-23 09:00:00.5+00", "2026-11-23T09:00:00.500000Z", StampForm::sql_utc,
     "2026-11-23 09:00:00+00"},
    {Kind::timestamptz, "2026-11-23 09:00:00", "2026-11-23T09:00:00Z", StampForm::sql, "2026-11-23 09:00:00"},
    {Kind::text, "2026-11-23T09:00:00.123Z", "2026-11-23T09:00:00.123000Z", StampForm::iso, "2026-11-23T09:00:00"},
    {Kind::text, "2026-11-23T09:00:00", "2026-11-23T09:00:00Z", StampForm::iso, "2026-11-23T09:00:00"},
    {Kind::text, "2026-11-23T09:00:00+00:00", "2026-11-23T09:00:00Z", StampForm::iso, "2026-11-23T09:00:00"},
    {Kind::text, "2026-11-23 09:00:00.1234567", "2026-11-23T09:00:00.123456Z", StampForm::sql, "2026-11-23 09:00:00"},
    {Kind::integer, "1700000000", "2023-11-14T22:13:20Z", StampForm::seconds, "1700000000"},
    {Kind::real, "1700000000.5", "2023-11-14T22:13:20.500000Z", StampForm::seconds, "1700000000"},
    {Kind::decimal, "1700000000.25", "2023-11-14T22:13:20.250000Z", StampForm::seconds, "1700000000"},
    {Kind::integer, "253402300799", "9999-12-31T23:59:59Z", StampForm::seconds, "253402300799"},
    {Kind::integer, "1700000000999", "2023-11-14T22:13:20.999000Z", StampForm::millis, "1700000000000"},
    {Kind::integer, "253402300799999", "9999-12-31T23:59:59.999000Z", StampForm::millis, "253402300799000"},
    {Kind::integer, "1700000000999999", "2023-11-14T22:13:20.999999Z", StampForm::micros, "1700000000000000"},
    {Kind::text, "2026-11-23T09:00:00.123456789Z", "2026-11-23T09:00:00.123456Z", StampForm::iso,
     "2026-11-23T09:00:00"},
    {Kind::text, "2026-11-23T09:00:00+02:00", "", {}, ""},
    {Kind::text, "2026-11-23T09:00:00-02:00", "", {}, ""},
    {Kind::text, "2026-11-23T09:00:00ZZ", "", {}, ""},
    {Kind::text, "2026-11-23T09:00:00+00+00", "", {}, ""},
    {Kind::text, "2026-11-23 09:00:00.", "", {}, ""},
    {Kind::text, "2026-11-23 09:00:00.1234567890", "", {}, ""},
    {Kind::text, "2026-02-30 09:00:00", "", {}, ""},
    {Kind::text, "2026-11-23 24:00:00", "", {}, ""},
    {Kind::text, "2026-11-23 09:60:00", "", {}, ""},
    {Kind::text, "2026-11-23 09:0x:00", "", {}, ""},
    {Kind::text, "2026-11-23 09:00", "", {}, ""},
    {Kind::text, "2026-11-23", "", {}, ""},
    {Kind::text, "yesterday", "", {}, ""},
    {Kind::timestamp, "infinity", "", {}, ""},
    {Kind::timestamp, "0000-00-00 00:00:00", "", {}, ""},
    {Kind::timestamp, "10000-01-01 00:00:00", "", {}, ""},
    {Kind::timestamp, "0044-03-15 12:00:00 BC", "", {}, ""},
    {Kind::text, "1700000000", "", {}, ""},
    {Kind::integer, "17", "", {}, ""},
    {Kind::integer, "-1700000000", "", {}, ""},
    {Kind::integer, "", "", {}, ""},
};

class StampCases : public ::testing::TestWithParam<Case> {};

TEST_P(StampCases, ReadAndCutDown) {
  const auto& one = GetParam();
  const auto stamp = read_stamp({.kind = one.kind, .text = one.text});
  ASSERT_EQ(stamp.has_value(), !one.at.empty());
  if (!stamp) return;
  EXPECT_EQ(rfc3339(stamp->at), one.at);
  EXPECT_EQ(stamp->form, one.form);
  EXPECT_EQ(write_stamp(stamp->at, stamp->form).text, one.bound);
}

INSTANTIATE_TEST_SUITE_P(Forms, StampCases, ::testing::ValuesIn(cases));

TEST(Stamp, NullIsNoTime) {
  EXPECT_FALSE(read_stamp({.kind = Kind::timestamp, .null = true, .text = "2026-11-23 09:00:00"}));
}

TEST(Stamp, ATextBoundSortsBeforeEverySpellingOfItsSecond) {
  const Instant at{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
  for (const auto* suffix : {"", ".000", ".999999", "Z", ".5Z", "+00:00"}) {
    EXPECT_LE(write_stamp(at, StampForm::iso).text, "2026-11-23T00:00:00" + std::string(suffix));
    EXPECT_LE(write_stamp(at, StampForm::sql).text, "2026-11-23 00:00:00" + std::string(suffix));
  }
}

}  // namespace
}  // namespace vhookd
