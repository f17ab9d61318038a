// A webhook receiver as the README tells people to write theirs: it verifies, tells duplicates, and
// watches the sequence. For `vhookd receive`, `vhookd demo` and the tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/secret.h"

namespace vhookd {

enum class Signature { unchecked, good, bad };  // unchecked: the receiver has no secrets

// Where a page stands among those of its webhook that came before.
enum class Order {
  none,       // not taken, so not judged
  first,      // the first one seen of this webhook; any sequence
  next,       // the one expected
  gap,        // numbers between it and the last are missing
  behind,     // a number already passed, under an id never seen: late, or the sender has begun anew
  duplicate,  // its webhook-id came before with the same body
};
std::string_view name_of(Signature signature);
std::string_view name_of(Order order);

// One POST and how it was answered.
struct Received {
  Instant at;
  std::string message_id;  // the webhook-id header
  std::string webhook_id;  // webhook.id of the body
  std::string type;
  std::uint64_t sequence = 0;
  std::int64_t records = 0;
  std::string body;
  std::string data;  // the array's bytes
  Signature signature = Signature::unchecked;
  Order order = Order::none;
  std::uint64_t expected = 0;  // the sequence that would have been next; 0: any
  int status = 0;              // 200; 400 malformed, or an id that came before with another body; 401; 500 on purpose
  std::string problem;         // why not 200

  bool taken() const { return status == 200; }
  bool verified() const { return signature == Signature::good; }
  bool duplicate() const { return order == Order::duplicate; }
  bool gap() const { return order == Order::gap; }
};

struct ReceiverCounts {
  std::int64_t pages = 0;     // taken, each once
  std::int64_t records = 0;   // in them
  std::int64_t webhooks = 0;  // they came from
  std::int64_t duplicates = 0;
  std::int64_t gaps = 0;
  std::int64_t behind = 0;
  std::int64_t unverified = 0;  // answered 401
  std::int64_t malformed = 0;   // answered 400
  std::int64_t on_purpose = 0;  // answered 500
};

struct ReceiverOptions {
  int port = 0;  // on 127.0.0.1; 0: any that is free
  // Decoded; a page is good under any of them. None of either: signatures are not checked.
  std::vector<Secret> secrets;
  std::vector<std::string> public_keys;  // ed25519, 32 bytes; sig256 is made with a shared secret alone
  int fail_percent = 0;                  // of good pages answered 500, and not taken
  std::size_t keep = std::numeric_limits<std::size_t>::max();  // entries of the history; the oldest go
  std::function<void(const Received&)> on_page;                // called on the server's thread, for refused ones too
};

class Receiver {
 public:
  // Listens when this returns; or says why it cannot. `clock` has to outlive it.
  static std::expected<std::unique_ptr<Receiver>, std::string> open(const Clock& clock, ReceiverOptions options);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  int port() const;
  std::string url() const;  // http://127.0.0.1:PORT/

  // Thread-safe.
  ReceiverCounts counts() const;
  std::vector<Received> history() const;  // in the order they came, refused ones too
  // True as soon as `pages` are taken, duplicates not counted; false when `time` has passed.
  bool wait_for(std::int64_t pages, std::chrono::milliseconds time) const;

 private:
  struct Server;
  explicit Receiver(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

}  // namespace vhookd
