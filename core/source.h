// A database as vhookd sees it: one interface, one folder of connectors/ for each database.
//
// Decisions are made above it, from typed questions (core/question.h) and from capabilities as values. No code outside
// connectors/ asks which database it talks to. What a new one has to provide: docs/adding-a-database.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/question.h"
#include "core/table.h"

namespace vhookd {

// A hidden number of each row that can stand in for a key.
struct RowNumber {
  std::vector<std::string> names;  // of it; a column with the name hides it. Empty: rows have none
  std::string caveat;              // when numbers change, for the operator
  std::string remedy;
};

// What a kind of database can do. Values, the same for all its servers.
struct Capabilities {
  // Each row tells the transaction that wrote it, so that polls need no time column: ChangePosition, ChangeScan,
  // TableCheck.
  bool change_tokens = false;
  // Cells have types of their own and columns none that binds; times are texts or numbers.
  bool cell_types = false;
  // RangeHashes and RangeRows. `range_hashes_need_index`: only where an index gives the order of the key.
  bool range_hashes = false;
  bool range_hashes_need_index = false;
  // OpenTransactionBound; only for columns that hold UTC.
  bool bounds_open_transactions = false;
  std::string open_transactions_right;  // the right that this takes: "PROCESS"
  std::string open_transactions_grant;  // how a role gets it
  // What the idle token is (Source::idle_token), for people; empty: there is none, and every poll reads.
  std::string idle_token;
  bool idle_token_needs_session = false;  // tokens of one session compare with one another alone
  std::string view_caveat;                // what one consistent view of the table takes; empty: nothing special
  RowNumber row_number;
  bool roles = true;  // logins with rights of their own, and passwords; false: a file
  // Which tables `vhookd init` lists: of the only schema, of a schema that the URL names or else of all, or of all.
  enum class Schemas { one, one_if_named, all };
  Schemas schemas = Schemas::all;
};

// How the order of core/key.h is had of a column.
enum class KeyOrder {
  native,   // it is the column's own, in comparisons and indexes
  indexed,  // an index has it, comparisons have to ask for it
  computed  // it is an expression over the column
};

// A selection in the database's own words: for people, and in the fingerprint of an epoch, so it may not change from
// one release to the next.
struct SelectionText {
  std::string table;
  std::string gone;                  // the condition under which a row counts as deleted; empty: never
  std::vector<std::string> filters;  // with a ? for each of
  std::vector<Param> values;         // these
};

// The facts about one kind of database. Pure; one constant object for each, from any thread.
class SourceTraits {
 public:
  virtual ~SourceTraits() = default;

  virtual const Capabilities& capabilities() const = 0;
  virtual SelectionText text_of(const Selection& selection) const = 0;

  virtual KeyOrder key_order(const Column& column) const = 0;
  // An index over the column gives its order, and a value bound in its own text stands in that order for sure.
  virtual bool orders_as_it_compares(const Column& column) const = 0;
  // The database orders the column as core/key.h does, so that a range means the same to both.
  virtual bool shares_key_order(const Column& column) const = 0;
  // How many ranges one RangeHashes should hold, and one RangeRows. `indexed`: an index gives the key's order.
  virtual std::size_t ranges_at_once(std::size_t key_columns, bool indexed) const = 0;
  virtual std::size_t range_rows_at_once(std::size_t key_columns, bool indexed) const = 0;

  virtual bool can_index(const Column& column) const = 0;
  // The command that makes an index, for the operator. `name`: where the database wants one.
  virtual std::string index_statement(const Table& table, const std::vector<std::string>& columns,
                                      const std::string& name) const = 0;
};

// An index gives the order of the selection's key as core/key.h has it.
bool key_is_indexed(const SourceTraits& traits, const Selection& selection);

// A question as the database gets it, for people.
struct ShownQuestion {
  std::string text;                // the statement or command
  std::vector<Param> values;       // of its placeholders, in order
  std::vector<std::string> marks;  // how each placeholder is written: "$1"
  std::vector<std::string> plan;   // the database's own plan, a step each
};

// The oldest transaction that has written something and is still open, for people.
struct OpenTransactions {
  std::string horizon;               // below which token every transaction has ended; empty: the source has no tokens
  std::string text;                  // which one it is, that there is none, or why it can't be seen; empty: not told
  std::optional<double> open_for_s;  // none: there is none, or its age can't be seen
};

// One session. Not thread-safe: one thread at a time, any thread. It never writes, speaks UTF-8, has UTC as its time
// zone and gives up on a question after ConnectOptions::statement_timeout. Error texts carry the server's own words,
// never a password.
//
// After an error with Recourse::reconnect the object is dead: make a new one.
class Source {
 public:
  virtual ~Source() = default;

  virtual const SourceTraits& traits() const = 0;
  virtual std::string server() const = 0;  // "PostgreSQL 15.18"

  // The catalogue's word on a table or view, matched exactly. Not there: Recourse::ask_operator, with the nearest
  // names. Not readable by this role: ask_operator, with the right that is missing.
  virtual Result<Table> describe(const TableName& name) = 0;
  // All tables and views of a schema that this role can read, in name order. Empty: the connection's default schema.
  virtual Result<std::vector<TableName>> tables(const std::string& schema) = 0;
  // The user's own schemas, the connection's default first.
  virtual Result<std::vector<std::string>> schemas() = 0;

  // Between begin and end all reads see one state of the database. end never fails: a broken session shows at the next
  // call.
  virtual Result<void> begin() = 0;
  // begin() and the view's first question, in one round trip where that can be had. Where it fails there may be a view
  // all the same: end() is due.
  virtual Result<void> begin(const Question& question, const OnRow& on_row) {
    auto begun = begin();
    return begun ? read(question, on_row) : begun;
  }
  virtual void end() = 0;

  // Streams the answer row by row in bounded memory, whatever its size. An answer cut short is an error, never a
  // shorter answer. Values live until the callback returns. Where the callback returns false the rest is not read, and
  // the session stays usable. Outside begin and end each question has a view of its own.
  virtual Result<void> read(const Question& question, const OnRow& on_row) = 0;

  // A text that is the same again only where nothing was committed in between (scheduler/detect/idle.h). None: it can't
  // be told now, or never. Outside begin and end.
  virtual Result<std::optional<std::string>> idle_token() = 0;

  // For people. `with_plan`: also asks the database for its plan; an empty plan is not an error.
  virtual ShownQuestion show(const Question& question, bool with_plan) = 0;
  virtual OpenTransactions open_transactions() = 0;
  // Whether OpenTransactionBound would be answered.
  virtual bool sees_open_transactions() { return false; }
};

}  // namespace vhookd
