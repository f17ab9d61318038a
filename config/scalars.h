// Value types of single values: text, numbers, durations, choices, names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/value_type.h"

namespace vhookd::config {

// The text of a scalar with its references resolved. Reports null, lists, maps, booleans, and unquoted numbers that
// YAML parsers read differently. An unquoted number is its text as written.
std::optional<Text> read_text(const Input& in);

// The same for text that is shown and sent unmasked: reports control characters, an empty text and more than `longest`
// bytes, and gives a notice if the text contains a stored secret.
std::optional<std::string> read_public_text(const Input& in, std::size_t longest = 1000);

bool has_control(std::string_view text);

ValueType<std::string> text(std::size_t longest = 1000);
ValueType<std::string> token_text(std::size_t longest);  // letters, digits, . _ -
ValueType<std::string> absolute_path(std::size_t longest = 4000);
ValueType<bool> boolean();
ValueType<int> integer(int least, int most);

enum class Bare { rejected, minutes };  // a number without a unit
ValueType<std::chrono::milliseconds> duration(std::chrono::milliseconds least, std::chrono::milliseconds most,
                                              Bare bare = Bare::rejected);
ValueType<std::int64_t> bytes(std::int64_t least, std::int64_t most);
ValueType<double> number(double least, double most);  // without an exponent
ValueType<double> share();

// Unique, non-empty names: a comma-separated text or a list.
ValueType<std::vector<std::string>> names();

// The same value type for a std::optional member.
template <class V>
ValueType<std::optional<V>> optional(ValueType<V> type) {
  return {std::move(type.schema), [read = std::move(type.read)](const Input& in) -> std::optional<std::optional<V>> {
            auto value = read(in);
            if (!value) return std::nullopt;
            return std::optional<std::optional<V>>(std::move(value));
          }};
}

// The index of the value in `words`. Reports any other value, with the nearest word.
std::optional<std::size_t> read_choice(const Input& in, const std::vector<std::string>& words);
std::string choice_schema(const std::vector<std::string>& words);

template <class V>
ValueType<V> choice(std::vector<std::pair<std::string, V>> choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  std::string schema = choice_schema(words);
  return {std::move(schema),
          [words = std::move(words), choices = std::move(choices)](const Input& in) -> std::optional<V> {
            const auto index = read_choice(in, words);
            if (!index) return std::nullopt;
            return choices[*index].second;
          }};
}

// The schema of text that matches all of `pattern`, or contains a reference. `also`: further JSON types.
std::string text_schema(const std::string& pattern, const std::vector<std::string>& also = {});

}  // namespace vhookd::config
