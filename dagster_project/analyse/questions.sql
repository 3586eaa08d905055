-- Questions that are known.
select
    question_id,
    category as question_category,
    question_text
from seeds.questions
