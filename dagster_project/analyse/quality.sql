-- How well refusals are told, by language.
select
    language as source,
    sum(true_positives)::double precision as true_positives,
    sum(false_negatives)::double precision as false_negatives,
    sum(false_positives)::double precision as false_positives,
    sum(true_negatives)::double precision as true_negatives
from seeds.classifier_quality
group by language
