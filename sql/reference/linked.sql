-- The linked tables and the columns the questions read, empty and typed. A
-- table no feed has filled is then still a table, and a file that lacks a
-- column gives nulls of the right type.
CREATE SCHEMA typed;
CREATE TABLE typed.person (person UUID, sex VARCHAR, birth_month DATE, ethnicity VARCHAR, ethnic_group VARCHAR,
    lsoa_2011 VARCHAR, lsoa_2021 VARCHAR, imd_2019_decile INTEGER, imd_2019_fifth INTEGER, practice VARCHAR,
    death_date DATE, feeds VARCHAR, ties INTEGER);
CREATE TABLE typed.demographic (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, recorded_date DATE);
CREATE TABLE typed.registration (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, practice VARCHAR,
    start_date DATE, end_date DATE, status VARCHAR);
CREATE TABLE typed.contact (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, setting VARCHAR,
    contact_date DATE, kind VARCHAR, attendance VARCHAR);
CREATE TABLE typed.condition (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, setting VARCHAR,
    code VARCHAR, code_system VARCHAR, recorded_date DATE, position INTEGER);
CREATE TABLE typed.medication (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, code VARCHAR,
    code_system VARCHAR, issue_date DATE);
CREATE TABLE typed.measurement (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID,
    setting VARCHAR, code VARCHAR, code_system VARCHAR, measured_date DATE);
CREATE TABLE typed.care_event (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, spell_id UUID,
    setting VARCHAR, kind VARCHAR, start_date DATE, end_date DATE, admission_method VARCHAR, episode_order INTEGER,
    episode_status VARCHAR, patient_class VARCHAR, finished BOOLEAN);
