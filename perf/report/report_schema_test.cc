// Whether docs/performance_report.schema.json says what report.proto says, field by field: a field
// that is added there has to be added here. //laws:report_schema_test validates reports by it.
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "perf/record/text_proto.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_json.h"
#include "rapidjson/document.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

constexpr char kSchema[] = "docs/performance_report.schema.json";

std::set<std::string> Strings(const rapidjson::Value& array) {
  std::set<std::string> strings;
  for (const auto& one : array.GetArray()) strings.insert(one.GetString());
  return strings;
}

std::set<std::string> Names(const rapidjson::Value& object) {
  std::set<std::string> names;
  for (const auto& member : object.GetObject()) names.insert(member.name.GetString());
  return names;
}

class ReportSchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<std::string> text = ReadFile(kSchema);
    ASSERT_THAT(text, IsOk());
    schema_.Parse(text->c_str());
    ASSERT_FALSE(schema_.HasParseError());
  }

  const rapidjson::Value* Definition(absl::string_view name) const {
    const rapidjson::Value& definitions = schema_["$defs"];
    const auto found = definitions.FindMember(std::string(name).c_str());
    return found == definitions.MemberEnd() ? nullptr : &found->value;
  }

  // Whether a schema allows what protobuf writes of one value of the field.
  void ExpectValue(const FieldDescriptor& field, const rapidjson::Value& schema) {
    const std::string what(field.full_name());
    const auto expect = [&](const char* keyword, const std::string& value) {
      ASSERT_TRUE(schema.HasMember(keyword)) << what;
      EXPECT_EQ(schema[keyword].GetString(), value) << what;
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return expect("$ref", "#/$defs/double");
      case FieldDescriptor::CPPTYPE_INT64:
        return expect("$ref", "#/$defs/int64");
      case FieldDescriptor::CPPTYPE_INT32:
        if (field.name() != "version") return expect("type", "integer");
        ASSERT_TRUE(schema.HasMember("const"));
        EXPECT_EQ(schema["const"].GetInt(), kReportVersion);
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        return expect("type", "boolean");
      case FieldDescriptor::CPPTYPE_STRING:
        return expect("type", "string");
      case FieldDescriptor::CPPTYPE_ENUM:
        expect("$ref", absl::StrCat("#/$defs/", field.enum_type()->name()));
        return ExpectEnum(*field.enum_type());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.message_type()->full_name() == "google.protobuf.Timestamp") {
          return expect("format", "date-time");
        }
        expect("$ref", absl::StrCat("#/$defs/", field.message_type()->name()));
        ASSERT_NE(Definition(field.message_type()->name()), nullptr) << what;
        return ExpectMessage(*field.message_type(), *Definition(field.message_type()->name()));
      default:
        ADD_FAILURE() << what << " has a type that this test does not know";
    }
  }

  void ExpectEnum(const EnumDescriptor& type) {
    const rapidjson::Value* definition = Definition(type.name());
    ASSERT_NE(definition, nullptr) << type.full_name();
    std::set<std::string> values;
    for (int i = 0; i < type.value_count(); ++i) values.emplace(type.value(i)->name());
    EXPECT_EQ(Strings((*definition)["enum"]), values) << type.full_name();
    referred_.emplace(type.name());
  }

  void ExpectMessage(const Descriptor& type, const rapidjson::Value& schema) {
    referred_.emplace(type.name());
    std::set<std::string> names;
    std::set<std::string> required;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      names.emplace(field.name());
      // Protobuf leaves out messages and alternatives that are not set.
      const bool may_lack = !field.is_repeated() && field.has_presence();
      if (!may_lack) required.emplace(field.name());
    }
    EXPECT_EQ(Names(schema["properties"]), names) << type.full_name();
    EXPECT_EQ(Strings(schema["required"]), required) << type.full_name();
    ASSERT_TRUE(schema["additionalProperties"].IsBool());
    EXPECT_FALSE(schema["additionalProperties"].GetBool()) << type.full_name();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const auto property = schema["properties"].FindMember(std::string(field.name()).c_str());
      if (property == schema["properties"].MemberEnd()) continue;
      if (field.is_map()) {
        ExpectValue(*field.message_type()->map_value(), property->value["additionalProperties"]);
      } else if (field.is_repeated()) {
        ExpectValue(field, property->value["items"]);
      } else {
        ExpectValue(field, property->value);
      }
    }
  }

  rapidjson::Document schema_;
  // The definitions that messages refer to.
  std::set<std::string> referred_ = {"double", "int64"};
};

TEST_F(ReportSchemaTest, NamesEveryFieldAndNoOther) {
  ExpectMessage(*Report::descriptor(), schema_);
  referred_.erase("Report");
  EXPECT_EQ(Names(schema_["$defs"]), referred_);
}

}  // namespace
}  // namespace perf
