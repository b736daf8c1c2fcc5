#include "protobuf/known_types.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/source_context.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "base/check.h"

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

struct KnownFile {
  const char* path;
  const char* text;  // after `syntax = "proto3";`
};

// Each after what it imports. The names and numbers of googleapis' google/type/*.proto (Apache licence 2.0).
constexpr KnownFile kFiles[] = {
    {"confluent/meta.proto",
     R"(package confluent; import "google/protobuf/descriptor.proto";
        message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; repeated Rule rules = 4; }
        message Rule { string name = 1; string doc = 2; string expr = 3; string sql = 4; }
        extend google.protobuf.FileOptions { Meta file_meta = 1088; }
        extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
        extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
        extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
        extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; })"},
    {"confluent/type/decimal.proto",
     R"(package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; })"},
    {"confluent/type/variant.proto",
     R"(package confluent.type; message Variant { bytes metadata = 1; bytes value = 2; })"},
    {"google/type/calendar_period.proto",
     R"(package google.type;
        enum CalendarPeriod { CALENDAR_PERIOD_UNSPECIFIED = 0; DAY = 1; WEEK = 2; FORTNIGHT = 3; MONTH = 4; QUARTER
        = 5; HALF = 6; YEAR = 7; })"},
    {"google/type/color.proto",
     R"(package google.type;
        import "google/protobuf/wrappers.proto"; message Color { float red = 1; float green = 2; float blue = 3;
        google.protobuf.FloatValue alpha = 4; })"},
    {"google/type/date.proto",
     R"(package google.type;
        message Date { int32 year = 1; int32 month = 2; int32 day = 3; })"},
    {"google/type/datetime.proto",
     R"(package google.type;
        import "google/protobuf/duration.proto"; message DateTime { int32 year = 1; int32 month = 2; int32 day = 3;
        int32 hours = 4; int32 minutes = 5; int32 seconds = 6; int32 nanos = 7; oneof time_offset {
        google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } } message TimeZone { string id = 1;
        string version = 2; })"},
    {"google/type/dayofweek.proto",
     R"(package google.type;
        enum DayOfWeek { DAY_OF_WEEK_UNSPECIFIED = 0; MONDAY = 1; TUESDAY = 2; WEDNESDAY = 3; THURSDAY = 4; FRIDAY =
        5; SATURDAY = 6; SUNDAY = 7; })"},
    {"google/type/decimal.proto",
     R"(package google.type;
        message Decimal { string value = 1; })"},
    {"google/type/expr.proto",
     R"(package google.type;
        message Expr { string expression = 1; string title = 2; string description = 3; string location = 4; })"},
    {"google/type/fraction.proto",
     R"(package google.type;
        message Fraction { int64 numerator = 1; int64 denominator = 2; })"},
    {"google/type/interval.proto",
     R"(package google.type;
        import "google/protobuf/timestamp.proto"; message Interval { google.protobuf.Timestamp start_time = 1;
        google.protobuf.Timestamp end_time = 2; })"},
    {"google/type/latlng.proto",
     R"(package google.type;
        message LatLng { double latitude = 1; double longitude = 2; })"},
    {"google/type/localized_text.proto",
     R"(package google.type;
        message LocalizedText { string text = 1; string language_code = 2; })"},
    {"google/type/money.proto",
     R"(package google.type;
        message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; })"},
    {"google/type/month.proto",
     R"(package google.type;
        enum Month { MONTH_UNSPECIFIED = 0; JANUARY = 1; FEBRUARY = 2; MARCH = 3; APRIL = 4; MAY = 5; JUNE = 6; JULY
        = 7; AUGUST = 8; SEPTEMBER = 9; OCTOBER = 10; NOVEMBER = 11; DECEMBER = 12; })"},
    {"google/type/phone_number.proto",
     R"(package google.type;
        message PhoneNumber { message ShortCode { string region_code = 1; string number = 2; } oneof kind { string
        e164_number = 1; ShortCode short_code = 2; } string extension = 3; })"},
    {"google/type/postal_address.proto",
     R"(package google.type;
        message PostalAddress { int32 revision = 1; string region_code = 2; string language_code = 3; string
        postal_code = 4; string sorting_code = 5; string administrative_area = 6; string locality = 7; string
        sublocality = 8; repeated string address_lines = 9; repeated string recipients = 10; string organization =
        11; })"},
    {"google/type/quaternion.proto",
     R"(package google.type;
        message Quaternion { double x = 1; double y = 2; double z = 3; double w = 4; })"},
    {"google/type/timeofday.proto",
     R"(package google.type;
        message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; })"},
};

class Refused : public pb::io::ErrorCollector, public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(int, pb::io::ColumnNumber, const std::string&) override { SLUICE_CHECK(false); }
  void AddError(const std::string&, const std::string&, const pb::Message*, ErrorLocation, const std::string&) override {
    SLUICE_CHECK(false);
  }
};

// The library's own files, each after what it imports.
void add_compiled(pb::DescriptorPool& pool, const pb::FileDescriptor* file) {
  if (pool.FindFileByName(file->name()) != nullptr) return;
  for (int i = 0; i < file->dependency_count(); ++i) add_compiled(pool, file->dependency(i));
  pb::FileDescriptorProto proto;
  file->CopyTo(&proto);
  SLUICE_CHECK(pool.BuildFile(proto) != nullptr);
}

void add_text(pb::DescriptorPool& pool, const KnownFile& known) {
  const std::string text = std::string("syntax = \"proto3\";") + known.text;
  Refused refused;
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  pb::io::Tokenizer tokenizer(&stream, &refused);
  pb::compiler::Parser parser;
  parser.RecordErrorsTo(&refused);
  pb::FileDescriptorProto proto;
  proto.set_name(known.path);
  SLUICE_CHECK(parser.Parse(&tokenizer, &proto));
  SLUICE_CHECK(pool.BuildFileCollectingErrors(proto, &refused) != nullptr);
}

}  // namespace

const pb::DescriptorPool& known_types() {
  static const auto pool = [] {
    auto built = std::make_unique<pb::DescriptorPool>();
    for (const auto* message :
         {pb::Any::descriptor(), pb::Api::descriptor(), pb::FileDescriptorProto::descriptor(), pb::Duration::descriptor(),
          pb::Empty::descriptor(), pb::FieldMask::descriptor(), pb::SourceContext::descriptor(), pb::Struct::descriptor(),
          pb::Timestamp::descriptor(), pb::Type::descriptor(), pb::StringValue::descriptor()}) {
      add_compiled(*built, message->file());
    }
    for (const auto& file : kFiles) add_text(*built, file);
    return built;
  }();
  return *pool;
}

bool is_known_file(std::string_view path) { return known_types().FindFileByName(std::string(path)) != nullptr; }

}  // namespace sluice::protobuf
