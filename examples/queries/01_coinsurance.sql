-- The question of the study: do people who pay more of the bill themselves see a doctor less often?
SELECT c.coinsurance,
       COUNT(DISTINCT v.person_id) AS people,
       AVG(v.mdvis) AS visits_a_year
FROM visits v
JOIN coverage c ON v.person_id = c.person_id
WHERE c.plan <> 'individual deductible'
GROUP BY c.coinsurance
ORDER BY c.coinsurance
