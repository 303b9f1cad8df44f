-- The 22 business questions of TPC-H, with their validation values, over the tables of gen.sql.
--@ Q01
SELECT l_returnflag, l_linestatus, sum(l_quantity) sum_qty, sum(l_extendedprice) sum_base, sum(l_extendedprice*(1-l_discount)) sum_disc,
 sum(l_extendedprice*(1-l_discount)*(1+l_tax)) sum_charge, avg(l_quantity) avg_qty, avg(l_extendedprice) avg_price, avg(l_discount) avg_disc, count(*) n
FROM lineitem WHERE l_shipdate <= DATE '1998-12-01' - CAST(90 AS INTEGER) GROUP BY ALL ORDER BY ALL;
--@ Q02
WITH eu AS (SELECT ps_partkey, ps_supplycost, s_acctbal, s_name, n_name, s_address, s_phone, s_comment
  FROM partsupp JOIN supplier ON s_suppkey=ps_suppkey JOIN nation ON n_nationkey=s_nationkey JOIN region ON r_regionkey=n_regionkey WHERE r_name='EUROPE'),
cheapest AS (SELECT ps_partkey, min(ps_supplycost) mc FROM eu GROUP BY ps_partkey)
SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
FROM part JOIN eu ON eu.ps_partkey=p_partkey JOIN cheapest c ON c.ps_partkey=p_partkey AND c.mc=eu.ps_supplycost
WHERE p_size=15 AND p_type LIKE '%BRASS' ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100;
--@ Q03
SELECT l_orderkey, sum(l_extendedprice*(1-l_discount)) revenue, o_orderdate, o_shippriority
FROM customer JOIN orders ON o_custkey=c_custkey JOIN lineitem ON l_orderkey=o_orderkey
WHERE c_mktsegment='BUILDING' AND o_orderdate < DATE '1995-03-15' AND l_shipdate > DATE '1995-03-15'
GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10;
--@ Q04
SELECT o_orderpriority, count(*) n FROM orders WHERE o_orderdate >= DATE '1993-07-01' AND o_orderdate < DATE '1993-07-01' + INTERVAL 3 MONTH
 AND EXISTS (SELECT 1 FROM lineitem WHERE l_orderkey=o_orderkey AND l_commitdate < l_receiptdate) GROUP BY ALL ORDER BY ALL;
--@ Q05
SELECT n_name, sum(l_extendedprice*(1-l_discount)) revenue FROM customer JOIN orders ON o_custkey=c_custkey JOIN lineitem ON l_orderkey=o_orderkey
 JOIN supplier ON s_suppkey=l_suppkey AND s_nationkey=c_nationkey JOIN nation ON n_nationkey=s_nationkey JOIN region ON r_regionkey=n_regionkey
WHERE r_name='ASIA' AND o_orderdate >= DATE '1994-01-01' AND o_orderdate < DATE '1994-01-01' + INTERVAL 1 YEAR GROUP BY n_name ORDER BY revenue DESC;
--@ Q06
SELECT sum(l_extendedprice*l_discount) revenue FROM lineitem WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR
 AND l_discount BETWEEN 0.06-0.01 AND 0.06+0.01 AND l_quantity < 24;
--@ Q07
SELECT a.n_name supp_nation, b.n_name cust_nation, year(l_shipdate) yr, sum(l_extendedprice*(1-l_discount)) revenue
FROM lineitem JOIN supplier ON s_suppkey=l_suppkey JOIN orders ON o_orderkey=l_orderkey JOIN customer ON c_custkey=o_custkey
 JOIN nation a ON a.n_nationkey=s_nationkey JOIN nation b ON b.n_nationkey=c_nationkey
WHERE ((a.n_name='FRANCE' AND b.n_name='GERMANY') OR (a.n_name='GERMANY' AND b.n_name='FRANCE')) AND l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
GROUP BY ALL ORDER BY ALL;
--@ Q08
SELECT year(o_orderdate) yr, sum(CASE WHEN b.n_name='BRAZIL' THEN l_extendedprice*(1-l_discount) ELSE 0 END)/sum(l_extendedprice*(1-l_discount)) AS mkt_share
FROM part JOIN lineitem ON l_partkey=p_partkey JOIN supplier ON s_suppkey=l_suppkey JOIN orders ON o_orderkey=l_orderkey JOIN customer ON c_custkey=o_custkey
 JOIN nation a ON a.n_nationkey=c_nationkey JOIN region ON r_regionkey=a.n_regionkey JOIN nation b ON b.n_nationkey=s_nationkey
WHERE r_name='AMERICA' AND o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31' AND p_type='ECONOMY ANODIZED STEEL' GROUP BY ALL ORDER BY ALL;
--@ Q09
SELECT n_name nation, year(o_orderdate) yr, sum(l_extendedprice*(1-l_discount)-ps_supplycost*l_quantity) profit
FROM part JOIN lineitem ON l_partkey=p_partkey JOIN supplier ON s_suppkey=l_suppkey JOIN partsupp ON ps_suppkey=l_suppkey AND ps_partkey=l_partkey
 JOIN orders ON o_orderkey=l_orderkey JOIN nation ON n_nationkey=s_nationkey WHERE p_name LIKE '%green%' GROUP BY ALL ORDER BY nation, yr DESC;
--@ Q10
SELECT c_custkey, c_name, sum(l_extendedprice*(1-l_discount)) revenue, c_acctbal, n_name, c_address, c_phone, c_comment
FROM customer JOIN orders ON o_custkey=c_custkey JOIN lineitem ON l_orderkey=o_orderkey JOIN nation ON n_nationkey=c_nationkey
WHERE o_orderdate >= DATE '1993-10-01' AND o_orderdate < DATE '1993-10-01' + INTERVAL 3 MONTH AND l_returnflag='R'
GROUP BY c_custkey, c_name, c_acctbal, n_name, c_address, c_phone, c_comment ORDER BY revenue DESC, c_custkey LIMIT 20;
--@ Q11
WITH v AS (SELECT ps_partkey, sum(ps_supplycost*ps_availqty) val FROM partsupp JOIN supplier ON s_suppkey=ps_suppkey JOIN nation ON n_nationkey=s_nationkey
 WHERE n_name='GERMANY' GROUP BY ps_partkey)
SELECT ps_partkey, val FROM v WHERE val > (SELECT sum(val) FROM v)*0.0001 ORDER BY val DESC, ps_partkey;
--@ Q12
SELECT l_shipmode, count(*) FILTER (o_orderpriority IN ('1-URGENT','2-HIGH')) hi, count(*) FILTER (o_orderpriority NOT IN ('1-URGENT','2-HIGH')) lo
FROM orders JOIN lineitem ON l_orderkey=o_orderkey WHERE l_shipmode IN ('MAIL','SHIP') AND l_commitdate<l_receiptdate AND l_shipdate<l_commitdate
 AND l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1994-01-01' + INTERVAL 1 YEAR GROUP BY ALL ORDER BY ALL;
--@ Q13
SELECT n_orders, count(*) custdist FROM (SELECT c_custkey, count(o_orderkey) n_orders FROM customer LEFT JOIN orders ON o_custkey=c_custkey
 AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) GROUP BY n_orders ORDER BY custdist DESC, n_orders DESC;
--@ Q14
SELECT 100.00*sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice*(1-l_discount) ELSE 0 END)/sum(l_extendedprice*(1-l_discount)) promo
FROM lineitem JOIN part ON p_partkey=l_partkey WHERE l_shipdate >= DATE '1995-09-01' AND l_shipdate < DATE '1995-09-01' + INTERVAL 1 MONTH;
--@ Q15
WITH rev AS (SELECT l_suppkey sk, sum(l_extendedprice*(1-l_discount)) total FROM lineitem WHERE l_shipdate >= DATE '1996-01-01' AND l_shipdate < DATE '1996-01-01' + INTERVAL 3 MONTH GROUP BY l_suppkey)
SELECT s_suppkey, s_name, s_address, s_phone, total FROM supplier JOIN rev ON sk=s_suppkey WHERE total=(SELECT max(total) FROM rev) ORDER BY s_suppkey;
--@ Q16
SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) n FROM partsupp JOIN part ON p_partkey=ps_partkey
WHERE p_brand<>'Brand#45' AND p_type NOT LIKE 'MEDIUM POLISHED%' AND p_size IN (49,14,23,45,19,3,36,9) AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%')
GROUP BY ALL ORDER BY n DESC, p_brand, p_type, p_size;
--@ Q17
SELECT sum(l_extendedprice)/7.0 avg_yearly FROM lineitem JOIN part ON p_partkey=l_partkey
WHERE p_brand='Brand#23' AND p_container='MED BOX' AND l_quantity < (SELECT 0.2*avg(l_quantity) FROM lineitem i WHERE i.l_partkey=p_partkey);
--@ Q18
SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) q FROM customer JOIN orders ON o_custkey=c_custkey JOIN lineitem ON l_orderkey=o_orderkey
WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 300)
GROUP BY ALL ORDER BY o_totalprice DESC, o_orderdate, o_orderkey LIMIT 100;
--@ Q19
SELECT sum(l_extendedprice*(1-l_discount)) revenue FROM lineitem JOIN part ON p_partkey=l_partkey
WHERE l_shipmode IN ('AIR','REG AIR') AND l_shipinstruct='DELIVER IN PERSON' AND (
 (p_brand='Brand#12' AND p_container IN ('SM CASE','SM BOX','SM PACK','SM PKG') AND l_quantity BETWEEN 1 AND 1+10 AND p_size BETWEEN 1 AND 5)
 OR (p_brand='Brand#23' AND p_container IN ('MED BAG','MED BOX','MED PKG','MED PACK') AND l_quantity BETWEEN 10 AND 10+10 AND p_size BETWEEN 1 AND 10)
 OR (p_brand='Brand#34' AND p_container IN ('LG CASE','LG BOX','LG PACK','LG PKG') AND l_quantity BETWEEN 20 AND 20+10 AND p_size BETWEEN 1 AND 15));
--@ Q20
SELECT s_name, s_address FROM supplier JOIN nation ON n_nationkey=s_nationkey WHERE n_name='CANADA' AND s_suppkey IN (
 SELECT ps_suppkey FROM partsupp WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'forest%') AND ps_availqty > (
  SELECT 0.5*sum(l_quantity) FROM lineitem WHERE l_partkey=ps_partkey AND l_suppkey=ps_suppkey AND l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR)) ORDER BY s_name;
--@ Q21
SELECT s_name, count(*) numwait FROM supplier JOIN lineitem l1 ON l1.l_suppkey=s_suppkey JOIN orders ON o_orderkey=l1.l_orderkey JOIN nation ON n_nationkey=s_nationkey
WHERE o_orderstatus='F' AND l1.l_receiptdate>l1.l_commitdate AND n_name='SAUDI ARABIA'
 AND EXISTS (SELECT 1 FROM lineitem l2 WHERE l2.l_orderkey=l1.l_orderkey AND l2.l_suppkey<>l1.l_suppkey)
 AND NOT EXISTS (SELECT 1 FROM lineitem l3 WHERE l3.l_orderkey=l1.l_orderkey AND l3.l_suppkey<>l1.l_suppkey AND l3.l_receiptdate>l3.l_commitdate)
GROUP BY s_name ORDER BY numwait DESC, s_name LIMIT 100;
--@ Q22
WITH c AS (SELECT substr(c_phone,1,2) code, c_acctbal, c_custkey FROM customer WHERE substr(c_phone,1,2) IN ('13','31','23','29','30','18','17'))
SELECT code, count(*) n, sum(c_acctbal) bal FROM c WHERE c_acctbal > (SELECT avg(c_acctbal) FROM c WHERE c_acctbal>0)
 AND NOT EXISTS (SELECT 1 FROM orders WHERE o_custkey=c_custkey) GROUP BY code ORDER BY code;

