#include "config/scalars.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/json_text.h"
#include "config/spelling.h"
#include "config/units.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view reference_pattern = R"(\$\{)";
constexpr std::string_view duration_pattern = R"((0|[1-9][0-9]*)(\.[0-9]+)?(ms|s|m|h|d))";

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != std::string_view::npos;
       text.remove_prefix(end == std::string_view::npos ? 0 : end + 1)) {
    end = text.find(',');
    parts.push_back(trimmed(text.substr(0, end)));
  }
  return parts;
}

// Why an unquoted scalar is not text; empty: it is.
std::string text_error(const Node& node) {
  if (node.type != Node::Type::plain) return {};
  switch (plain_kind(node.text)) {
    case Plain::boolean:
      return node.text + " is a boolean, expected text; put it in quotes if you mean text";
    case Plain::octal_looking:
      return node.text +
             " looks like an octal or hexadecimal number; write it in decimal, or in quotes if you mean text";
    case Plain::non_finite:
      return node.text + " is not a finite number; write a decimal number, or put it in quotes if you mean text";
    default:
      return {};
  }
}

void out_of_range(const Input& in, const std::string& least, const std::string& most) {
  in.wrong(in_quotes(in.node->text) + " is out of range; write " + least + " to " + most);
}

std::optional<std::vector<std::string>> read_names(const Input& in) {
  std::vector<std::string> names;
  if (in.node->type == Node::Type::list) {
    for (std::size_t i = 0; i < in.node->items.size(); ++i) {
      auto name = read_public_text(in.item(i));
      if (!name) return std::nullopt;
      names.push_back(std::move(*name));
    }
    if (names.empty()) in.wrong("is an empty list; add columns, or leave the key out");
  } else {
    const auto text = read_public_text(in, 100'000);
    if (!text) return std::nullopt;
    names = split_at_commas(*text);
  }
  if (names.empty()) return std::nullopt;
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name->empty()) {
      in.wrong("contains an empty name; separate names by one comma");
      return std::nullopt;
    }
    if (std::find(names.begin(), name, *name) != name) {
      const bool shown = !in.node->text.contains("${") && in.node->type != Node::Type::list;
      in.wrong((shown ? in_quotes(*name) : "name " + std::to_string(name - names.begin() + 1)) +
               " is listed twice; list each column once");
      return std::nullopt;
    }
  }
  return names;
}

// Members of the schema of text that matches all of `pattern`, or contains a reference.
std::map<std::string, std::string> text_members(const std::string& pattern, const std::vector<std::string>& also) {
  std::vector<std::string> types = {R"("string")"};
  for (const std::string& type : also) types.push_back(json_string(type));
  std::map<std::string, std::string> members = {{"type", types.size() == 1 ? types[0] : json_array(types)}};
  if (!pattern.empty()) members["pattern"] = json_string("^(?:" + pattern + ")$|" + std::string(reference_pattern));
  return members;
}

// A bound of number() in decimal digits.
std::string decimal(double value) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), result.ptr};
}

}  // namespace

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::optional<Text> read_text(const Input& in) {
  const Node& node = *in.node;
  if (node.type == Node::Type::null) {
    in.wrong("has no value; give it one, or leave the key out");
    return std::nullopt;
  }
  if (node.type == Node::Type::list || node.type == Node::Type::map) {
    in.wrong(std::string("must be a single value, not a ") + (node.type == Node::Type::list ? "list" : "map"));
    return std::nullopt;
  }
  if (const std::string fault = text_error(node); !fault.empty()) {
    in.wrong(fault);
    return std::nullopt;
  }
  auto text = expand(node.text, in.context->secrets);
  if (text) return std::move(*text);
  for (const std::string& fault : text.error()) in.wrong(fault);
  return std::nullopt;
}

std::optional<std::string> read_public_text(const Input& in, std::size_t longest) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  std::string value = text->value();
  if (value.empty()) {
    in.wrong("is empty; give it a value, or leave the key out");
  } else if (value.size() > longest) {
    in.wrong("is longer than " + std::to_string(longest) + " bytes");
  } else if (has_control(value)) {
    in.wrong("contains a line break or another control character; write it on one line");
  } else {
    if (text->has_stored_secret()) in.notice("is shown and sent unmasked; do not use a secret here");
    return value;
  }
  return std::nullopt;
}

std::string text_schema(const std::string& pattern, const std::vector<std::string>& also) {
  return json_object(text_members(pattern, also));
}

std::string choice_schema(const std::vector<std::string>& words) {
  std::vector<std::string> values;
  for (const std::string& word : words) values.push_back(json_string(word));
  const std::string reference = json_object({{"type", R"("string")"}, {"pattern", json_string(reference_pattern)}});
  return any_of_schema({json_object({{"enum", json_array(values)}}), reference});
}

ValueType<std::string> text(std::size_t longest) {
  const auto schema =
      json_object({{"type", R"(["string","number"])"}, {"minLength", "1"}, {"maxLength", std::to_string(longest)}});
  return {schema, [longest](const Input& in) { return read_public_text(in, longest); }};
}

ValueType<std::string> token_text(std::size_t longest) {
  const std::string pattern = "[A-Za-z0-9._-]{1," + std::to_string(longest) + "}";
  const auto read = [longest](const Input& in) -> std::optional<std::string> {
    auto value = read_public_text(in);
    if (!value) return std::nullopt;
    const bool fits = value->size() <= longest && std::ranges::all_of(*value, [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                               c == '_' || c == '-';
                      });
    if (fits) return value;
    in.wrong(in_quotes(in.node->text) + " must consist of 1 to " + std::to_string(longest) +
             " letters, digits, dots, _ and -");
    return std::nullopt;
  };
  return {text_schema(pattern, {"number"}), read};
}

ValueType<std::string> absolute_path(std::size_t longest) {
  const auto read = [longest](const Input& in) -> std::optional<std::string> {
    auto value = read_public_text(in, longest);
    if (!value || value->starts_with('/')) return value;
    in.wrong(in_quotes(in.node->text) + " must be an absolute path; begin it with /");
    return std::nullopt;
  };
  return {text_schema("/.*"), read};
}

ValueType<bool> boolean() {
  const auto read = [](const Input& in) -> std::optional<bool> {
    const Node& node = *in.node;
    if (node.type == Node::Type::plain && plain_kind(node.text) == Plain::boolean)
      return node.text[0] == 't' || node.text[0] == 'T';
    if (node.type == Node::Type::plain || node.type == Node::Type::quoted) {
      in.wrong("must be true or false without quotes, not " + in_quotes(node.text));
    } else {
      in.wrong("must be true or false");
    }
    return std::nullopt;
  };
  return {R"({"type":"boolean"})", read};
}

ValueType<int> integer(int least, int most) {
  const auto schema =
      json_object({{"type", R"("integer")"}, {"minimum", std::to_string(least)}, {"maximum", std::to_string(most)}});
  const auto read = [least, most](const Input& in) -> std::optional<int> {
    const Node& node = *in.node;
    const auto value = node.type == Node::Type::plain ? parse_integer(node.text) : std::nullopt;
    if (value && *value >= least && *value <= most) return static_cast<int>(*value);
    if (node.type == Node::Type::plain && plain_kind(node.text) == Plain::integer) {
      out_of_range(in, std::to_string(least), std::to_string(most));
    } else {
      const bool scalar = node.type == Node::Type::plain || node.type == Node::Type::quoted;
      in.wrong((scalar ? in_quotes(node.text) + " is not a" : "must be a") + std::string(" whole number; write ") +
               std::to_string(least) + " to " + std::to_string(most) + " in decimal digits, without quotes");
    }
    return std::nullopt;
  };
  return {schema, read};
}

ValueType<milliseconds> duration(milliseconds least, milliseconds most, Bare bare) {
  const bool minutes = bare == Bare::minutes;
  auto schema =
      text_members(std::string(duration_pattern) + (minutes ? R"(|(0|[1-9][0-9]*)(\.[0-9]+)?)" : "|0"), {"number"});
  schema["minimum"] = "0";
  if (!minutes) schema["maximum"] = "0";  // the only number without a unit is 0
  const auto read = [=](const Input& in) -> std::optional<milliseconds> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const std::string value = text->value();
    const auto unit = minutes ? std::optional<milliseconds>(std::chrono::minutes(1)) : std::nullopt;
    const auto parsed = value == "0" ? milliseconds(0) : parse_duration(value, unit);
    if (parsed && *parsed >= least && *parsed <= most) return parsed;
    if (parsed) {
      out_of_range(in, show(least), show(most));
    } else if (!minutes && plain_kind(value) == Plain::integer && !value.starts_with('-')) {
      in.wrong(in_quotes(in.node->text) + " has no unit; write a duration such as 500ms, 30s, 5m, 1h or 1d");
    } else {
      in.wrong(in_quotes(in.node->text) + " is not a duration; write " + (minutes ? "a number of minutes, or " : "") +
               "a duration such as 500ms, 30s, 5m, 1h or 1d");
    }
    return std::nullopt;
  };
  return {json_object(schema), read};
}

ValueType<std::int64_t> bytes(std::int64_t least, std::int64_t most) {
  auto schema = text_members("(0|[1-9][0-9]*)(\\.[0-9]+)?(kB|MB|GB|TB|KiB|MiB|GiB|TiB)?", {"integer"});
  schema["minimum"] = std::to_string(least);
  schema["maximum"] = std::to_string(most);
  const auto read = [=](const Input& in) -> std::optional<std::int64_t> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const auto size = parse_bytes(text->value());
    if (size && *size >= least && *size <= most) return size;
    if (size) {
      out_of_range(in, "1MiB", "1024TiB");
    } else {
      in.wrong(in_quotes(in.node->text) +
               " is not a size; write a number of bytes, or a size such as 512MiB, 1GiB or 100MB");
    }
    return std::nullopt;
  };
  return {json_object(schema), read};
}

ValueType<double> number(double least, double most) {
  const auto schema = json_object({{"type", R"("number")"}, {"minimum", decimal(least)}, {"maximum", decimal(most)}});
  const auto read = [=](const Input& in) -> std::optional<double> {
    const Node& node = *in.node;
    double value = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [stop, fault] = std::from_chars(node.text.data(), end, value, std::chars_format::fixed);
    const Plain kind = node.type == Node::Type::plain ? plain_kind(node.text) : Plain::text;
    if ((kind == Plain::integer || kind == Plain::number) && fault == std::errc() && stop == end) {
      if (value >= least && value <= most) return value;
      out_of_range(in, decimal(least), decimal(most));
    } else {
      const bool scalar = node.type == Node::Type::plain || node.type == Node::Type::quoted;
      in.wrong((scalar ? in_quotes(node.text) + " is not a" : "must be a") + std::string(" number; write ") +
               decimal(least) + " to " + decimal(most) + ", without quotes");
    }
    return std::nullopt;
  };
  return {schema, read};
}

ValueType<double> share() {
  const auto read = [](const Input& in) -> std::optional<double> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const auto value = parse_share(text->value());
    if (value && *value > 0 && *value <= 1) return value;
    in.wrong(in_quotes(in.node->text) + " is not a percentage; write one above 0% and up to 100%, such as 40%");
    return std::nullopt;
  };
  return {text_schema(R"((0|[1-9][0-9]?|100)(\.[0-9]+)?%)"), read};
}

ValueType<std::vector<std::string>> names() {
  const std::string name = json_object({{"type", R"(["string","number"])"}, {"minLength", "1"}});
  const std::string list =
      json_object({{"type", R"("array")"}, {"items", name}, {"minItems", "1"}, {"uniqueItems", "true"}});
  return {any_of_schema({name, list}), read_names};
}

std::optional<std::size_t> read_choice(const Input& in, const std::vector<std::string>& words) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(words, text->value());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string near = nearest(in.node->text, words);
  in.wrong(in_quotes(in.node->text) + " is not one of " + joined(words) +
           (near.empty() ? "" : "; did you mean " + near + "?"));
  return std::nullopt;
}

}  // namespace vhookd::config
