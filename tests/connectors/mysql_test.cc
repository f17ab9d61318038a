// MySQL and MariaDB on their real servers: the suite, and what only they can get wrong.
#include "connectors/mysql/mysql.h"

#include "tests/connectors/conformance.h"
#include "tests/connectors/mysql_backend.h"
#include "tests/connectors/sql_detection.h"

namespace vhookd::conformance {

INSTANTIATE_TEST_SUITE_P(Mariadb, Conformance, ::testing::Values(testing::mysql_backend("mariadb")));
INSTANTIATE_TEST_SUITE_P(Mysql, Conformance, ::testing::Values(testing::mysql_backend("mysql")));
INSTANTIATE_TEST_SUITE_P(Mariadb, Detection, ::testing::ValuesIn(detection_cases(testing::mysql_backend("mariadb"))),
                         DetectionNames());
INSTANTIATE_TEST_SUITE_P(Mysql, Detection, ::testing::ValuesIn(detection_cases(testing::mysql_backend("mysql"))),
                         DetectionNames());

}  // namespace vhookd::conformance
