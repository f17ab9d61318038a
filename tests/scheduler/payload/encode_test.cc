#include "scheduler/payload/encode.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/crypto.h"

namespace vhookd {
namespace {

std::string encoded(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

struct Case {
  Kind kind;
  std::string text;
  std::string json;
  Kind element = Kind::text;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << static_cast<int>(one.kind) << " " << one.text;
}

using namespace std::string_literals;

const std::vector<Case> cases = {
    {Kind::integer, "0", "0"},
    {Kind::integer, "-17", "-17"},
    {Kind::integer, "9007199254740991", "9007199254740991"},
    {Kind::integer, "-9007199254740991", "-9007199254740991"},
    {Kind::integer, "9007199254740992", R"("9007199254740992")"},
    {Kind::integer, "-9007199254740992", R"("-9007199254740992")"},
    {Kind::integer, "18446744073709551615", R"("18446744073709551615")"},
    {Kind::integer, "123456789012345678901234567890123456789", R"("123456789012345678901234567890123456789")"},
    {Kind::integer, "007", R"("007")"},
    {Kind::integer, "+5", R"("+5")"},
    {Kind::integer, "", R"("")"},
    {Kind::integer, "-", R"("-")"},
    {Kind::decimal, "129.90", R"("129.90")"},
    {Kind::decimal, "-0.00", R"("-0.00")"},
    {Kind::decimal, "NaN", R"("NaN")"},
    {Kind::real, "1.5", "1.5"},
    {Kind::real, "1e+20", "1e+20"},
    {Kind::real, "2.2250738585072014e-308", "2.2250738585072014e-308"},
    {Kind::real, "3", "3"},
    {Kind::real, "-0", "-0"},
    {Kind::real, ".5", R"(".5")"},
    {Kind::real, "5.", R"("5.")"},
    {Kind::real, "1e", R"("1e")"},
    {Kind::real, "01.5", R"("01.5")"},
    {Kind::real, "0x1p3", R"("0x1p3")"},
    {Kind::real, "NaN", R"("NaN")"},
    {Kind::real, "Infinity", R"("Infinity")"},
    {Kind::real, "-Infinity", R"("-Infinity")"},
    {Kind::boolean, "t", "true"},
    {Kind::boolean, "f", "false"},
    {Kind::boolean, "1", "true"},
    {Kind::boolean, "0", "false"},
    {Kind::boolean, "5", "5"},
    {Kind::boolean, "-1", "-1"},
    {Kind::text, "", R"("")"},
    {Kind::text, "a\"b\\c\n\r\t\x01\x1f\x7f", "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\x7f\""},
    {Kind::text, "a\0b"s, R"("a\u0000b")"},
    {Kind::text, "Zürich 🚲", R"("Zürich 🚲")"},
    {Kind::text, "\xff\xfe", R"({"$base64":"//4="})"},
    {Kind::text, "caf\xc3", R"({"$base64":"Y2Fmww=="})"},
    {Kind::text, "\xed\xa0\x80", R"({"$base64":"7aCA"})"},  // half of a UTF-16 pair
    {Kind::json, R"({"a": [1, 2.50, null]})", R"({"a": [1, 2.50, null]})"},
    {Kind::json, "\"\xff\"", R"({"$base64":"Iv8i"})"},
    {Kind::loose_json, R"( {"a":1} )", R"( {"a":1} )"},
    {Kind::loose_json, "7", "7"},
    {Kind::loose_json, "{\"n\":123456789012345678901234567890}", "{\"n\":123456789012345678901234567890}"},
    {Kind::loose_json, "{broken", R"("{broken")"},
    {Kind::loose_json, "{\"n\":012345678901234567890123}", R"("{\"n\":012345678901234567890123}")"},
    {Kind::loose_json, "", R"("")"},
    {Kind::loose_json, "1 2", R"("1 2")"},
    {Kind::loose_json, "\xef\xbb\xbf{}", "\"\xef\xbb\xbf{}\""},  // a mark that may stand before a text, not inside one
    {Kind::loose_json, "{\"a\":\"\xff\"}", R"({"$base64":"eyJhIjoi/yJ9"})"},
    {Kind::timestamp, "2026-11-23 09:00:00", R"("2026-11-23T09:00:00")"},
    {Kind::timestamp, "2026-11-23 09:00:00.123456", R"("2026-11-23T09:00:00.123456")"},
    {Kind::timestamp, "2026-11-23 09:00:00.5", R"("2026-11-23T09:00:00.5")"},
    {Kind::timestamptz, "2026-11-23 09:00:00.123+00", R"("2026-11-23T09:00:00.123Z")"},
    {Kind::timestamptz, "2026-11-23 09:00:00", R"("2026-11-23T09:00:00Z")"},
    {Kind::timestamptz, "2026-11-23 09:00:00+05:30", R"("2026-11-23T03:30:00Z")"},
    {Kind::timestamptz, "2026-12-31T23:30:00.120-01:00", R"("2027-01-01T00:30:00.120Z")"},
    {Kind::timestamptz, "2026-11-23 09:00:00.123456789+02:00", R"("2026-11-23T07:00:00.123456789Z")"},
    {Kind::timestamptz, "1969-12-31 23:59:59.5-00:30", R"("1970-01-01T00:29:59.5Z")"},
    {Kind::timestamptz, "2026-11-23 09:00:00Z", R"("2026-11-23T09:00:00Z")"},
    {Kind::timestamptz, "2026-11-23T09:00:00.5Z", R"("2026-11-23T09:00:00.5Z")"},
    {Kind::timestamptz, "2026-11-23T09:00:00", R"("2026-11-23T09:00:00Z")"},
    {Kind::timestamptz, "0000-01-01 00:00:00+01:00", R"("0000-01-01 00:00:00+01:00")"},
    {Kind::timestamptz, "2026-02-30 09:00:00+02:00", R"("2026-02-30 09:00:00+02:00")"},
    {Kind::timestamp, "2026-11-23T09:00:00", R"("2026-11-23T09:00:00")"},
    {Kind::timestamp, "0044-03-15 12:00:00 BC", R"("-0043-03-15T12:00:00")"},
    {Kind::timestamp, "0001-01-01 00:00:00 BC", R"("0000-01-01T00:00:00")"},
    {Kind::timestamptz, "4713-01-01 00:00:00+00 BC", R"("-4712-01-01T00:00:00Z")"},
    {Kind::timestamp, "10000-01-01 00:00:00", R"("+10000-01-01T00:00:00")"},
    {Kind::timestamp, "294276-12-31 23:59:59.999999", R"("+294276-12-31T23:59:59.999999")"},
    {Kind::timestamp, "infinity", R"("infinity")"},
    {Kind::timestamptz, "-infinity", R"("-infinity")"},
    {Kind::timestamp, "0000-00-00 00:00:00", R"("0000-00-00T00:00:00")"},
    {Kind::timestamp, "2026-11-23 09:00:00.", R"("2026-11-23T09:00:00.")"},
    {Kind::timestamp, "2026-11-23 09:00:00.123456789", R"("2026-11-23T09:00:00.123456789")"},
    {Kind::timestamptz, "2026-11-23 09:00:00.1234567890+00", R"("2026-11-23T09:00:00.1234567890Z")"},
    {Kind::timestamptz, "2026-11-23 09:00:00+00:00", R"("2026-11-23T09:00:00Z")"},
    {Kind::timestamp, "2026-1\"-23 09:00:00", R"("2026-1\"-23 09:00:00")"},
    {Kind::timestamp, "2026-\"}-01 09:00:00", R"("2026-\"}-01 09:00:00")"},
    {Kind::timestamp, "99999999999999999999-01-01 00:00:00 BC", R"("99999999999999999999-01-01 00:00:00 BC")"},
    {Kind::timestamp, "", R"("")"},
    {Kind::binary, "", R"("")"},
    {Kind::binary, "\0\xff\x10"s, R"("AP8Q")"},
    {Kind::hex, "00ff10", R"("AP8Q")"},
    {Kind::hex, "00FF10", R"("AP8Q")"},
    {Kind::hex, "", R"("")"},
    {Kind::hex, "0", R"("0")"},
    {Kind::hex, "zz", R"("zz")"},
    {Kind::array, "{}", "[]", Kind::integer},
    {Kind::array, "{1,NULL,-3}", "[1,null,-3]", Kind::integer},
    {Kind::array, "{9007199254740993}", R"(["9007199254740993"])", Kind::integer},
    {Kind::array, "{{1,2},{3,4}}", "[[1,2],[3,4]]", Kind::integer},
    {Kind::array, R"({a,"b,c","d\"e","f\\g","NULL",NULL,""})", R"(["a","b,c","d\"e","f\\g","NULL",null,""])"},
    {Kind::array, R"({"2026-11-23 09:00:00+00",infinity})", R"(["2026-11-23T09:00:00Z","infinity"])",
     Kind::timestamptz},
    {Kind::array, R"({"\\x00ff","\\x"})", R"(["AP8=",""])", Kind::hex},
    {Kind::array, "{t,f,NULL}", "[true,false,null]", Kind::boolean},
    {Kind::array, R"({"{\"a\": 1}",2})", R"([{"a": 1},2])", Kind::json},
    {Kind::array, "{1.5,NaN}", R"([1.5,"NaN"])", Kind::real},
    {Kind::array, "{1.50}", R"(["1.50"])", Kind::decimal},
    {Kind::array, "[0:2]={1,2,3}", "[1,2,3]", Kind::integer},
    {Kind::array, "[1:1][-2:-1]={{1,2}}", "[[1,2]]", Kind::integer},
    {Kind::array, "{\"\xff\"}", R"([{"$base64":"/w=="}])"},
    {Kind::array, "{1,2", R"("{1,2")", Kind::integer},
    {Kind::array, "{1,2}}", R"("{1,2}}")", Kind::integer},
    {Kind::array, "{\"a", R"("{\"a")"},
    {Kind::array, "{\"a\\", R"("{\"a\\")"},
    {Kind::array, "[0:2]", R"("[0:2]")"},
    {Kind::array, "", R"("")"},
};

class Encode : public ::testing::TestWithParam<Case> {};

TEST_P(Encode, AsTheSpecificationSays) {
  const auto& one = GetParam();
  const auto json = encoded({.kind = one.kind, .element = one.element, .text = one.text});
  EXPECT_EQ(json, one.json);
  EXPECT_TRUE(nlohmann::json::accept(json)) << json;
}

INSTANTIATE_TEST_SUITE_P(Values, Encode, ::testing::ValuesIn(cases));

TEST(EncodeAny, NullIsNullOfEveryKind) {
  for (int kind = 0; kind <= static_cast<int>(Kind::array); ++kind)
    EXPECT_EQ(encoded({.kind = static_cast<Kind>(kind), .null = true, .text = "x"}), "null");
}

TEST(EncodeAny, RandomBytesAsTextComeBackTheSame) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    const bool ascii = random() % 2 == 0;  // else hardly one would be UTF-8
    for (auto size = random() % 24; size > 0; --size) bytes += static_cast<char>(random() % (ascii ? 128 : 256));
    const auto json = nlohmann::json::parse(encoded({.kind = Kind::text, .text = bytes}), nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << "round " << i;
    if (json.is_object()) {
      ASSERT_EQ(decode_base64(json.at("$base64").get<std::string>()), bytes) << "round " << i;
    } else {
      ASSERT_EQ(json.get<std::string>(), bytes) << "round " << i;
    }
  }
}

// Whatever a server sends under whatever kind, the page stays JSON.
TEST(EncodeAny, EveryByteIsEscapedWhereverItStands) {
  for (int byte = 0; byte < 0x80; ++byte)
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'a');
      text[at] = static_cast<char>(byte);
      text[19 - at] = static_cast<char>(byte + 1 == 0x80 ? byte : byte + 1);
      std::string out;
      append_json_string(out, text);
      ASSERT_EQ(nlohmann::json::parse(out), text) << out;
      EXPECT_LE(out.size(), 22U + (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x21 || byte == 0x5b ? 10 : 0))
          << "more is escaped than has to be: " << out;
    }
}

TEST(EncodeAny, NothingBreaksAPage) {
  std::mt19937 random(8);
  constexpr std::string_view pieces = "{}[]\",\\:0123456789-+.eE tfNULL\x01\xff\xc3\xa4 BC";
  for (int i = 0; i < 60'000; ++i) {
    std::string text;
    for (auto size = random() % 30; size > 0; --size) text += pieces[random() % pieces.size()];
    if (random() % 4 == 0) text = "2026-11-23 09:00:00" + text;
    if (random() % 4 == 0) text = "{" + text + "}";
    Value value{.kind = static_cast<Kind>(random() % (static_cast<unsigned>(Kind::array) + 1)), .text = text};
    value.element = static_cast<Kind>(random() % (static_cast<unsigned>(Kind::array) + 1));
    const auto vouched = [](Kind kind) { return kind == Kind::json; };
    if (vouched(value.kind) || (value.kind == Kind::array && (vouched(value.element) || value.element == Kind::array)))
      continue;
    const auto json = encoded(value);
    ASSERT_TRUE(nlohmann::json::accept(json)) << static_cast<int>(value.kind) << " " << text << " gave " << json;
  }
}

TEST(RecordWriter, WritesColumnsInTheirOrder) {
  const RecordWriter writer({"b", "a\"", "\xff"}, {1, 0, 2});
  const std::vector<Value> row = {
      {.kind = Kind::integer, .text = "1"}, {.kind = Kind::text, .text = "x"}, {.null = true, .text = {}}};
  std::string out;
  writer.append(out, row);
  EXPECT_EQ(out, R"({"b":"x","a\"":1,"$base64:/w==":null})");
  EXPECT_TRUE(nlohmann::json::accept(out));
}

TEST(RecordWriter, NoColumnsMakeAnEmptyRecord) {
  const std::vector<Value> row = {{.text = "x"}};
  std::string out;
  RecordWriter({}, {}).append(out, row);
  EXPECT_EQ(out, "{}");
}

}  // namespace
}  // namespace vhookd
