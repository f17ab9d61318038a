#include "tests/support/sql_text.h"

#include <algorithm>

namespace vhookd::testing {

namespace {

using Kind = SqlToken::Kind;
using Tokens = SqlTokens;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Reader {
 public:
  Reader(SqlKind dialect, std::string_view sql) : dialect_(dialect), left_(sql) {}

  // Of the next statement, and the semicolon behind it taken off.
  std::expected<Tokens, std::string> run() {
    tokens_.clear();
    marks_ = 0;
    while (wrong_.empty() && !left_.empty() && left_[0] != ';') step();
    if (!wrong_.empty()) return std::unexpected(wrong_ + " before: " + std::string(left_.substr(0, 60)));
    ended_ = left_.starts_with(';');
    if (ended_) left_.remove_prefix(1);
    return std::move(tokens_);
  }

  bool ended() const { return ended_; }  // by a semicolon

 private:
  void step() {
    const char c = left_[0];
    if (c == ' ' || c == '\n') return left_.remove_prefix(1);
    if (c == '"' || c == '`') return name(c);
    if (c == '\'') return text();
    if (is_letter(c)) return take_while(Kind::word, [](char x) { return is_letter(x) || is_digit(x); });
    if (is_digit(c)) return take_while(Kind::number, is_digit);
    if (c == '?' && dialect_ != SqlKind::postgres) return take(Kind::mark, 1);
    if (c == '$' && dialect_ == SqlKind::postgres && left_.size() > 1 && is_digit(left_[1])) return dollar();
    if (c == '@' && dialect_ == SqlKind::mysql) return take(Kind::sign, 1);
    if (left_.starts_with("--") || left_.starts_with("/*") || c == '#') return wrong("a comment");
    for (const std::string_view sign : {"::", "||", "<=", ">=", "<>"})
      if (left_.starts_with(sign)) return take(Kind::sign, 2);
    if (std::string_view("(),.=<>+-*[]").contains(c)) return take(Kind::sign, 1);
    wrong("a byte that is not expected");
  }

  void wrong(const std::string& what) { wrong_ = what; }

  void take(Kind kind, std::size_t size) {
    tokens_.push_back({kind, std::string(left_.substr(0, size))});
    left_.remove_prefix(size);
    if (kind == Kind::word) end_of_word_ = left_.data();
  }
  template <class F>
  void take_while(Kind kind, F holds) {
    const auto end = std::ranges::find_if_not(left_, holds);
    take(kind, static_cast<std::size_t>(end - left_.begin()));
  }

  // Numbered from 1 on, in the order they come: none is forgotten and none used twice.
  void dollar() {
    left_.remove_prefix(1);
    take_while(Kind::mark, is_digit);
    if (tokens_.back().text != std::to_string(++marks_)) wrong("a mark that is not the next one");
    tokens_.back().text = "?";
  }

  // Up to the closing `quote`; two of them stand for one.
  std::string inside(char quote) {
    std::string text;
    for (left_.remove_prefix(1); !left_.empty(); left_.remove_prefix(1)) {
      if (left_[0] == quote) {
        left_.remove_prefix(1);
        if (!left_.starts_with(quote)) return text;
      } else if (left_[0] == '\\' && quote == '\'' && dialect_ == SqlKind::mysql) {
        wrong("a backslash in a text");
      }
      text += left_[0];
    }
    wrong("a quote that is not closed");
    return text;
  }

  void name(char quote) {
    // MySQL's "…" is a text unless its settings say otherwise; SQLite's `…` is there for it alone.
    if (quote != (dialect_ == SqlKind::mysql ? '`' : '"')) return wrong("a quote of another database");
    after_no_word();
    tokens_.push_back({Kind::name, inside(quote)});
  }

  void text() {
    after_no_word();
    tokens_.push_back({Kind::text, inside('\'')});
  }

  // E'…', U&"…" and the like have rules of their own.
  void after_no_word() {
    if (end_of_word_ == left_.data()) wrong("a quote with a prefix");
  }

  SqlKind dialect_;
  std::string_view left_;
  Tokens tokens_;
  std::string wrong_;
  int marks_ = 0;
  bool ended_ = false;
  const char* end_of_word_ = nullptr;
};

std::string shown(const SqlToken& token) {
  switch (token.kind) {
    case Kind::name:
      return "N";
    case Kind::mark:
      return "?";
    case Kind::text:
      return "'" + token.text + "'";
    case Kind::word:
    case Kind::number:
    case Kind::sign:
      break;
  }
  return token.text;
}

}  // namespace

std::expected<Tokens, std::string> sql_tokens(SqlKind dialect, std::string_view sql) {
  Reader reader(dialect, sql);
  auto tokens = reader.run();
  if (tokens && reader.ended()) return std::unexpected("a semicolon in: " + std::string(sql));
  return tokens;
}

std::expected<std::vector<Tokens>, std::string> sql_statements(SqlKind dialect, std::string_view sql) {
  Reader reader(dialect, sql);
  std::vector<Tokens> statements;
  do {
    auto tokens = reader.run();
    if (!tokens) return std::unexpected(tokens.error());
    if (!tokens->empty()) statements.push_back(std::move(*tokens));
  } while (reader.ended());
  return statements;
}

std::string sql_shape(const Tokens& tokens) {
  std::vector<std::string> words;
  for (const auto& token : tokens) {
    words.push_back(shown(token));
    const auto size = words.size();
    const auto& last = words.back();
    if (size > 2 && (last == "N" || last == "?") && words[size - 3] == last && words[size - 2] == ",")
      words.resize(size - 2);
  }
  std::string shape;
  for (const auto& word : words) shape += (shape.empty() ? "" : " ") + word;
  return shape;
}

}  // namespace vhookd::testing
