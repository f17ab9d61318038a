// A table, a webhook on it and what it has seen of the table, out of fuzz bytes: names and values as hostile as they
// come. And the same with plain ones in their place, so that the two can be held side by side.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/table.h"
#include "scheduler/detect/known_rows.h"
#include "scheduler/detect/plan.h"

namespace vhookd::fuzz {

// What stands for each hostile name or value in the plain scene. Names that mean something (updated_at) stay.
using Renaming = std::map<std::string, std::string>;

struct Scene {
  config::Webhook webhook;
  Table table;
  std::optional<Strategy> before;
  std::optional<std::int64_t> range_rows;
  std::vector<std::string> values;  // of keys and of a sweep cut short, in ascending order
  int known_rows = 0;               // how many of `values` are keys that are known
  int counted = 0;                  // how many are said to be
  bool swept = false;               // the checkpoint is of a sweep that was cut short
  int state = 0;                    // which checkpoint
};

Scene any_scene(FuzzedDataProvider& given);
Renaming plain_names(const Scene& scene);
Renaming plain_values(const Scene& scene);
Scene renamed(Scene scene, const Renaming& names, const Renaming& values);

// What the scene's webhook remembers, as `plan` needs it. The scene outlives it.
KnownRows known_of(const Scene& scene, const Plan& plan);
std::string checkpoint_of(const Scene& scene, const Plan& plan);

}  // namespace vhookd::fuzz
