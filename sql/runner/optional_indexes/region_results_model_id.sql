-- Indexes of optional/region_results_model_id.sql. Applied after a bulk load.
create index idx_region_results_model_id on region_results (model_id);
create index idx_region_results_model_region on region_results (model_id, region);
