#pragma once
// What answers a route (routes.cc has the table). A path's piece i is Call::piece(i).

#include "registry/rest/call.h"

namespace sluice::registry::handlers {

using Handler = io::HttpResponse (*)(const Call&);

// subjects.cc: /subjects
io::HttpResponse list_subjects(const Call& call);
io::HttpResponse look_up(const Call& call);
io::HttpResponse delete_subject(const Call& call);
io::HttpResponse list_versions(const Call& call);
io::HttpResponse register_schema(const Call& call);
io::HttpResponse get_version(const Call& call);
io::HttpResponse get_version_schema(const Call& call);
io::HttpResponse get_referenced_by(const Call& call);
io::HttpResponse delete_version(const Call& call);
io::HttpResponse tag_version(const Call& call);
io::HttpResponse find_by_metadata(const Call& call);

// schemas.cc: /schemas, /compatibility
io::HttpResponse list_schemas(const Call& call);
io::HttpResponse list_types(const Call& call);
io::HttpResponse get_by_id(const Call& call);
io::HttpResponse get_text_by_id(const Call& call);
io::HttpResponse list_subjects_of_id(const Call& call);
io::HttpResponse list_versions_of_id(const Call& call);
io::HttpResponse get_by_guid(const Call& call);
io::HttpResponse list_ids_of_guid(const Call& call);
io::HttpResponse check_all(const Call& call);
io::HttpResponse check_one(const Call& call);

// settings.cc: /config, /mode, with and without a subject
io::HttpResponse get_config(const Call& call);
io::HttpResponse put_config(const Call& call);
io::HttpResponse delete_config(const Call& call);
io::HttpResponse get_mode(const Call& call);
io::HttpResponse put_mode(const Call& call);
io::HttpResponse delete_mode(const Call& call);

// others.cc
io::HttpResponse get_root(const Call& call);
io::HttpResponse list_contexts(const Call& call);
io::HttpResponse delete_context(const Call& call);
io::HttpResponse get_cluster_id(const Call& call);
io::HttpResponse get_server_version(const Call& call);
io::HttpResponse import_topic(const Call& call);

}  // namespace sluice::registry::handlers
