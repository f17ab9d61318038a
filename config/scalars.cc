#include "config/scalars.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "config/spelling.h"
#include "config/units.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

using nlohmann::json;
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

// What a plain scalar must not be where text is wanted; empty: it may stand.
std::string not_text(const Node& node) {
  if (node.type != Node::Type::plain) return {};
  switch (plain_kind(node.text)) {
    case Plain::boolean:
      return node.text + " is a boolean, and none is wanted here; put it in quotes if the text is meant";
    case Plain::octal_looking:
      return node.text +
             " looks like an octal or hexadecimal number; write it in decimal, or in quotes if the text is meant";
    case Plain::non_finite:
      return node.text + " is no finite number; write it in decimal, or in quotes if the text is meant";
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
    if (names.empty()) in.wrong("an empty list; name columns, or leave the key out");
  } else {
    const auto text = read_public_text(in, 100'000);
    if (!text) return std::nullopt;
    names = split_at_commas(*text);
  }
  if (names.empty()) return std::nullopt;
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name->empty()) {
      in.wrong("an empty name; write names with one comma between them");
      return std::nullopt;
    }
    if (std::find(names.begin(), name, *name) != name) {
      const bool shown = !in.node->text.contains("${") && in.node->type != Node::Type::list;
      in.wrong((shown ? in_quotes(*name) : "name " + std::to_string(name - names.begin() + 1)) +
               " stands there twice; name each column once");
      return std::nullopt;
    }
  }
  return names;
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
  if (const std::string fault = not_text(node); !fault.empty()) {
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
    in.wrong("holds a line break or another control character; write it on one line");
  } else {
    if (text->has_stored_secret()) in.notice("is printed and sent as it is; keep secrets out of it");
    return value;
  }
  return std::nullopt;
}

std::string text_schema(const std::string& pattern, const std::vector<std::string>& also) {
  json schema;
  std::vector<std::string> types = {"string"};
  types.insert(types.end(), also.begin(), also.end());
  schema["type"] = types.size() == 1 ? json(types[0]) : json(types);
  if (!pattern.empty()) schema["pattern"] = "^(?:" + pattern + ")$|" + std::string(reference_pattern);
  return schema.dump();
}

std::string choice_schema(const std::vector<std::string>& words) {
  const json reference = {{"type", "string"}, {"pattern", reference_pattern}};
  return json{{"anyOf", {json{{"enum", words}}, reference}}}.dump();
}

Form<std::string> text(std::size_t longest) {
  const json schema = {{"type", {"string", "number"}}, {"minLength", 1}, {"maxLength", longest}};
  return {schema.dump(), [longest](const Input& in) { return read_public_text(in, longest); }};
}

Form<std::string> token_text(std::size_t longest) {
  const std::string pattern = "[A-Za-z0-9._-]{1," + std::to_string(longest) + "}";
  const auto read = [longest](const Input& in) -> std::optional<std::string> {
    auto value = read_public_text(in);
    if (!value) return std::nullopt;
    const bool fits = value->size() <= longest && std::ranges::all_of(*value, [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                               c == '_' || c == '-';
                      });
    if (fits) return value;
    in.wrong(in_quotes(in.node->text) + " must be 1 to " + std::to_string(longest) + " letters, digits, dots, _ and -");
    return std::nullopt;
  };
  return {text_schema(pattern, {"number"}), read};
}

Form<std::string> absolute_path(std::size_t longest) {
  const auto read = [longest](const Input& in) -> std::optional<std::string> {
    auto value = read_public_text(in, longest);
    if (!value || value->starts_with('/')) return value;
    in.wrong(in_quotes(in.node->text) + " must be an absolute path; begin it with /");
    return std::nullopt;
  };
  return {text_schema("/.*"), read};
}

Form<bool> boolean() {
  const auto read = [](const Input& in) -> std::optional<bool> {
    const Node& node = *in.node;
    if (node.type == Node::Type::plain && plain_kind(node.text) == Plain::boolean)
      return node.text[0] == 't' || node.text[0] == 'T';
    if (node.type == Node::Type::plain || node.type == Node::Type::quoted) {
      in.wrong(in_quotes(node.text) + " is no boolean; write true or false, without quotes");
    } else {
      in.wrong("must be true or false");
    }
    return std::nullopt;
  };
  return {R"({"type":"boolean"})", read};
}

Form<int> integer(int least, int most) {
  const json schema = {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
  const auto read = [least, most](const Input& in) -> std::optional<int> {
    const Node& node = *in.node;
    const auto value = node.type == Node::Type::plain ? parse_integer(node.text) : std::nullopt;
    if (value && *value >= least && *value <= most) return static_cast<int>(*value);
    if (node.type == Node::Type::plain && plain_kind(node.text) == Plain::integer) {
      out_of_range(in, std::to_string(least), std::to_string(most));
    } else {
      const bool scalar = node.type == Node::Type::plain || node.type == Node::Type::quoted;
      in.wrong((scalar ? in_quotes(node.text) + " is no" : "must be a") + std::string(" whole number; write ") +
               std::to_string(least) + " to " + std::to_string(most) + " in decimal digits, without quotes");
    }
    return std::nullopt;
  };
  return {schema.dump(), read};
}

Form<milliseconds> duration(milliseconds least, milliseconds most, Bare bare) {
  const bool minutes = bare == Bare::minutes;
  json schema =
      json::parse(text_schema(std::string(duration_pattern) + (minutes ? R"(|(0|[1-9][0-9]*)(\.[0-9]+)?)" : "|0")));
  schema["type"] = {"string", "number"};
  schema["minimum"] = 0;
  if (!minutes) schema["maximum"] = 0;  // of numbers: only 0 needs no unit
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
      in.wrong(in_quotes(in.node->text) + " has no unit; write it as 500ms, 30s, 5m, 1h or 1d");
    } else {
      in.wrong(in_quotes(in.node->text) + " is no duration; write " + (minutes ? "a number of minutes, or " : "") +
               "500ms, 30s, 5m, 1h or 1d");
    }
    return std::nullopt;
  };
  return {schema.dump(), read};
}

Form<std::int64_t> bytes(std::int64_t least, std::int64_t most) {
  json schema = json::parse(text_schema("(0|[1-9][0-9]*)(\\.[0-9]+)?(kB|MB|GB|TB|KiB|MiB|GiB|TiB)?"));
  schema["type"] = {"string", "integer"};
  schema["minimum"] = least;
  schema["maximum"] = most;
  const auto read = [=](const Input& in) -> std::optional<std::int64_t> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const auto size = parse_bytes(text->value());
    if (size && *size >= least && *size <= most) return size;
    if (size) {
      out_of_range(in, "1MiB", "1024TiB");
    } else {
      in.wrong(in_quotes(in.node->text) + " is no size; write a number of bytes, or 512MiB, 1GiB, 100MB");
    }
    return std::nullopt;
  };
  return {schema.dump(), read};
}

Form<double> number(double least, double most) {
  const auto shown = [](double value) {
    return json(value == std::floor(value) ? json(std::int64_t(value)) : json(value)).dump();
  };
  const json schema = {{"type", "number"}, {"minimum", least}, {"maximum", most}};
  const auto read = [=](const Input& in) -> std::optional<double> {
    const Node& node = *in.node;
    double value = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [stop, fault] = std::from_chars(node.text.data(), end, value, std::chars_format::fixed);
    const Plain kind = node.type == Node::Type::plain ? plain_kind(node.text) : Plain::text;
    if ((kind == Plain::integer || kind == Plain::number) && fault == std::errc() && stop == end) {
      if (value >= least && value <= most) return value;
      out_of_range(in, shown(least), shown(most));
    } else {
      const bool scalar = node.type == Node::Type::plain || node.type == Node::Type::quoted;
      in.wrong((scalar ? in_quotes(node.text) + " is no" : "must be a") + std::string(" number; write ") +
               shown(least) + " to " + shown(most) + ", without quotes");
    }
    return std::nullopt;
  };
  return {schema.dump(), read};
}

Form<double> share() {
  const auto read = [](const Input& in) -> std::optional<double> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const auto value = parse_share(text->value());
    if (value && *value > 0 && *value <= 1) return value;
    in.wrong(in_quotes(in.node->text) + " is no share; write a percentage above 0% and up to 100%, as 40%");
    return std::nullopt;
  };
  return {text_schema(R"((0|[1-9][0-9]?|100)(\.[0-9]+)?%)"), read};
}

Form<std::vector<std::string>> names() {
  const json name = {{"type", {"string", "number"}}, {"minLength", 1}};
  const json list = {{"type", "array"}, {"items", name}, {"minItems", 1}, {"uniqueItems", true}};
  return {json{{"anyOf", {name, list}}}.dump(), read_names};
}

std::optional<std::size_t> read_choice(const Input& in, const std::vector<std::string>& words) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(words, text->value());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string near = nearest(in.node->text, words);
  in.wrong(in_quotes(in.node->text) + " is none of " + joined(words) +
           (near.empty() ? "" : "; did you mean " + near + "?"));
  return std::nullopt;
}

}  // namespace vhookd::config
