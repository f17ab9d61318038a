#include "core/sparse_field.h"

#include <gtest/gtest.h>

namespace vhookd {

TEST(SparseField, HoldsSomethingOnlyWhereItIsNotTheDefault) {
  SparseField<int> count;
  EXPECT_FALSE(count);
  EXPECT_EQ(*count, 0);
  count.edit() = 3;
  count.settle();
  EXPECT_TRUE(count);
  EXPECT_EQ(*count, 3);
  count.edit() = 0;
  EXPECT_TRUE(count);
  count.settle();
  EXPECT_FALSE(count);
  EXPECT_EQ(*count, 0);
}

}  // namespace vhookd
